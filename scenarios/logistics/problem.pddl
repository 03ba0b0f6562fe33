; Two cities, an airport and a depot in each; two packages change places.
(define (problem logistics-two)
  (:domain logistics)
  (:objects plane - airplane
            van lorry - truck
            parcel letter - package
            bern oslo - city
            airport1 airport2 - airport
            depot1 depot2 - location)
  (:init (in-city airport1 bern) (in-city depot1 bern)
         (in-city airport2 oslo) (in-city depot2 oslo)
         (at plane airport1) (at van depot1) (at lorry airport2)
         (at parcel depot1) (at letter depot2))
  (:goal (and (at parcel depot2) (at letter airport1))))
