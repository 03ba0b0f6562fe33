"""What a notebook shows of a run: one line, the headline figures, and the error rate by turn as a picture."""

import base64
import html

from horizon.analysis.analysis import Analysis


def notebook_html(title: str, analysis: Analysis) -> str:
    """Return a run's HTML for a notebook; the title alone where no turn was judged."""
    line = f"<p>{html.escape(title)}</p>"
    if not analysis.groups:
        return line
    from horizon.report.matplotlib_figures import error_by_turn_png

    picture = base64.b64encode(error_by_turn_png(analysis)).decode("ascii")
    drawn = f'<img alt="error rate by turn" style="max-width:100%" src="data:image/png;base64,{picture}">'
    return f"{line}{analysis._repr_html_()}{drawn}"
