"""The words that mark an answer, or a second one, in the languages that models mix in.

Models answer in another language than they are asked in, most of all in Chinese. Patterns only: knows no text.
"""

ANSWER_IN_OTHER_LANGUAGES = (
    r"(?:(?:finale|endgültige|la|le|die|meine|mi|ma|mon|a|il|el|mijn|min|respuesta) ){0,2}"
    r"(?:antwort|réponse|respuesta|risposta|resposta|antwoord|svar|svaret|vastaus|odpowiedź|odpověď|odpoveď|"
    r"válasz|răspuns|cevap|"
    r"yanıt|jawaban|đáp án|câu trả lời|ответ|відповідь|отговор|απάντηση|תשובה|الجواب|الإجابة|جواب|उत्तर|คำตอบ)"
    r"(?: (?:final|finale|finală|correcta|correcte|correta|akhir|cuối cùng|النهائي|النهائية))?"
    r"|(?:(?:最终|最後の|最终的|正确|我的|최종|окончательный|итоговый|правильный) ?)?"
    r"(?:答案|回答|答え|答|정답|답변|답|ответ)"
)
"""Patterns of "answer" with its adjectives."""

ALTERNATIVE_WORDS = (
    "or|alternatively|perhaps|maybe|possibly|else|otherwise|"
    "oder|ou|o|eller|lub|или|або|veya|atau|hoặc|또는|または|或者|或|أو"
)
"""The words before a second answer, in the languages that models mix in."""
