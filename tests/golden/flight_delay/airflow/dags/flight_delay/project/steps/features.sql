-- One row for each flight that arrived, with what was known an hour before the hour of its departure.
-- Times are those of the clock in New York; the rows' order is fixed, so that equal data makes an equal file.
WITH departures AS (
    SELECT
        origin,
        make_timestamp(year, month, day, hour, minute, 0.0) AS scheduled,
        date_trunc('hour', make_timestamp(year, month, day, hour, minute, 0.0)) AS departure_hour,
        dep_delay
    FROM flights
),

-- How late the airport ran: of the flights due in the four hours before, the delay as far as it could be seen then.
airport_before AS (
    SELECT
        hours.origin,
        hours.departure_hour,
        avg(least(
            coalesce(earlier.dep_delay, 240),
            date_diff('minute', earlier.scheduled, hours.departure_hour - INTERVAL 1 HOUR)
        )) AS airport_delay,
        count(*) AS airport_flights
    FROM (SELECT DISTINCT origin, departure_hour FROM departures) AS hours
    INNER JOIN departures AS earlier
        ON earlier.origin = hours.origin
        AND earlier.scheduled >= hours.departure_hour - INTERVAL 5 HOUR
        AND earlier.scheduled < hours.departure_hour - INTERVAL 1 HOUR
    GROUP BY hours.origin, hours.departure_hour
),

holiday_distance AS (
    SELECT days.day, min(abs(date_diff('day', days.day, holidays.date))) AS days_to_holiday
    FROM (SELECT DISTINCT make_date(year, month, day) AS day FROM flights) AS days
    CROSS JOIN holidays
    GROUP BY days.day
)

SELECT
    strftime(departures_of.day, '%Y-%m-%d') || ' ' || flights.carrier || flights.flight || ' ' || flights.origin AS flight_id,
    flights.month,
    isodow(departures_of.day) AS weekday,
    flights.hour * 60 + flights.minute AS minute_of_day,
    flights.origin,
    flights.dest,
    flights.carrier,
    flights.distance,
    holiday_distance.days_to_holiday,
    2013 - planes.year AS plane_age,
    planes.seats,
    weather.temp,
    weather.humid,
    weather.wind_speed,
    weather.wind_gust,
    weather.precip,
    weather.pressure,
    weather.visib,
    airport_before.airport_delay,
    airport_before.airport_flights,
    CAST(flights.arr_delay > 15 AS INTEGER) AS late
FROM flights
CROSS JOIN LATERAL (SELECT make_date(flights.year, flights.month, flights.day) AS day) AS departures_of
LEFT JOIN holiday_distance ON holiday_distance.day = departures_of.day
LEFT JOIN planes ON planes.tailnum = flights.tailnum
LEFT JOIN weather
    ON weather.origin = flights.origin
    AND weather.time_hour = flights.time_hour - INTERVAL 1 HOUR
LEFT JOIN airport_before
    ON airport_before.origin = flights.origin
    AND airport_before.departure_hour
        = date_trunc('hour', make_timestamp(flights.year, flights.month, flights.day, flights.hour, flights.minute, 0.0))
WHERE flights.arr_delay IS NOT NULL
ORDER BY flights.month, flights.day, minute_of_day, flight_id
