export { seededRandom, type Random } from './random.ts'
export { simRuntime, type SimRuntime, type SimRuntimeOptions } from './sim-runtime.ts'
export { roundRobin } from './round-robin.ts'
export * from './netem/index.ts'
