import { testSamples } from '../../../test/reader-sample.ts'

testSamples(new URL('.', import.meta.url))
