; Logistics: packages travel by truck within a city and by airplane between airports.
(define (domain logistics)
  (:requirements :strips :typing)
  (:types truck airplane - vehicle
          package vehicle - thing
          airport location - place
          city)
  (:predicates (in-city ?place - place ?city - city)
               (at ?thing - thing ?place - place)
               (in ?package - package ?vehicle - vehicle))
  (:action drive
    :parameters (?truck - truck ?from - place ?to - place ?city - city)
    :precondition (and (at ?truck ?from) (in-city ?from ?city) (in-city ?to ?city))
    :effect (and (not (at ?truck ?from)) (at ?truck ?to)))
  (:action fly
    :parameters (?airplane - airplane ?from - airport ?to - airport)
    :precondition (at ?airplane ?from)
    :effect (and (not (at ?airplane ?from)) (at ?airplane ?to)))
  (:action load
    :parameters (?package - package ?vehicle - vehicle ?place - place)
    :precondition (and (at ?vehicle ?place) (at ?package ?place))
    :effect (and (not (at ?package ?place)) (in ?package ?vehicle)))
  (:action unload
    :parameters (?package - package ?vehicle - vehicle ?place - place)
    :precondition (and (at ?vehicle ?place) (in ?package ?vehicle))
    :effect (and (not (in ?package ?vehicle)) (at ?package ?place))))
