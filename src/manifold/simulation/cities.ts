// A made internet: nodes in cities, light in fibre along the great circle, routes that are longer than that, and an access
// link each. Not a measurement; it lets tests run without one.

import { matrixOf } from './matrix.ts'
import type { RttMatrix } from './matrix.ts'
import type { Dice } from './random.ts'

/** Name, latitude and longitude in degrees, and weight: about how many nodes live there. */
const CITIES: readonly (readonly [name: string, latitude: number, longitude: number, weight: number])[] = [
  ['new-york', 40.7, -74, 5],
  ['ashburn', 39, -77.5, 8],
  ['chicago', 41.9, -87.6, 4],
  ['dallas', 32.8, -96.8, 3],
  ['los-angeles', 34.1, -118.2, 4],
  ['san-jose', 37.3, -121.9, 6],
  ['seattle', 47.6, -122.3, 3],
  ['toronto', 43.7, -79.4, 3],
  ['sao-paulo', -23.5, -46.6, 3],
  ['buenos-aires', -34.6, -58.4, 1],
  ['london', 51.5, -0.1, 6],
  ['paris', 48.9, 2.4, 4],
  ['frankfurt', 50.1, 8.7, 8],
  ['amsterdam', 52.4, 4.9, 6],
  ['stockholm', 59.3, 18.1, 2],
  ['helsinki', 60.2, 24.9, 2],
  ['warsaw', 52.2, 21, 2],
  ['madrid', 40.4, -3.7, 2],
  ['milan', 45.5, 9.2, 2],
  ['kyiv', 50.5, 30.5, 1],
  ['moscow', 55.8, 37.6, 2],
  ['istanbul', 41, 29, 1],
  ['dubai', 25.2, 55.3, 1],
  ['mumbai', 19.1, 72.9, 3],
  ['chennai', 13.1, 80.3, 1],
  ['singapore', 1.35, 103.8, 4],
  ['jakarta', -6.2, 106.8, 1],
  ['hong-kong', 22.3, 114.2, 3],
  ['tokyo', 35.7, 139.7, 5],
  ['osaka', 34.7, 135.5, 1],
  ['seoul', 37.6, 127, 3],
  ['sydney', -33.9, 151.2, 3],
  ['auckland', -36.8, 174.8, 1],
  ['johannesburg', -26.2, 28, 1],
  ['lagos', 6.5, 3.4, 1],
  ['nairobi', -1.3, 36.8, 1],
  ['santiago', -33.4, -70.7, 1],
  ['mexico-city', 19.4, -99.1, 1]
]

const EARTH_RADIUS_KM = 6371
/** Light in fibre: two thirds of its speed in a vacuum, in km per ms. */
const FIBRE_KM_PER_MS = 200
/** Least and greatest factor by which a route is longer than the great circle. */
const DETOUR = [1.3, 1.7] as const
/** Median of the access link's round trip, and the deviation of its logarithm: a good line and a bad one differ tenfold. */
const ACCESS_MEDIAN_MS = 3
const ACCESS_SPREAD = 1
/** Share of pairs of cities that have a bad route, and how much longer it is at most. */
const BAD_ROUTES = 0.08
const BAD_ROUTE_FACTOR = 1.8

/** `size` nodes; the same dice give the same matrix. Symmetric, no gaps. */
export function cityMatrix(size: number, dice: Dice): RttMatrix {
  const total = CITIES.reduce((sum, [, , , weight]) => sum + weight, 0)
  const cities = Array.from({ length: size }, () => {
    let left = dice.unit() * total
    return Math.max(
      0,
      CITIES.findIndex(([, , , weight]) => (left -= weight) < 0)
    )
  })
  const accessMs = cities.map(() => ACCESS_MEDIAN_MS * Math.exp(ACCESS_SPREAD * dice.gaussian()))
  const stretch = CITIES.map(() => CITIES.map(() => 1))
  for (let a = 0; a < CITIES.length; a++) {
    for (let b = 0; b < a; b++) {
      const detour = DETOUR[0] + (DETOUR[1] - DETOUR[0]) * dice.unit() ** 2
      const isBad = dice.unit() < BAD_ROUTES
      stretch[a][b] = stretch[b][a] = detour * (isBad ? 1 + (BAD_ROUTE_FACTOR - 1) * dice.unit() : 1)
    }
  }
  const values = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const coreMs =
        (2 * greatCircleKm(cities[i], cities[j]) * stretch[cities[i]][cities[j]]) / FIBRE_KM_PER_MS
      const localMs = 0.3 + 0.7 * dice.unit()
      values[i * size + j] = values[j * size + i] = coreMs + localMs + accessMs[i] + accessMs[j]
    }
  }
  return matrixOf(
    values,
    cities.map((city, i) => `${CITIES[city][0]}-${i}`)
  )
}

function greatCircleKm(a: number, b: number): number {
  const [, latitudeA, longitudeA] = CITIES[a]
  const [, latitudeB, longitudeB] = CITIES[b]
  const radians = Math.PI / 180
  const haversine =
    Math.sin(((latitudeB - latitudeA) * radians) / 2) ** 2 +
    Math.cos(latitudeA * radians) *
      Math.cos(latitudeB * radians) *
      Math.sin(((longitudeB - longitudeA) * radians) / 2) ** 2
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(haversine))
}
