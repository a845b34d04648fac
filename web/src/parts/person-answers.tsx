import { Textarea } from '@mantine/core'
import './person-answers.css'

/** What somebody can say who is asked "was this you?", by link or signed in. */
export const personAnswers = [
  { value: 'yes', title: 'Yes, that was me', says: 'I did this, or I know that it was done for me.' },
  { value: 'no', title: 'No, that was not me', says: 'I did not do this. Please look into it.' },
  { value: 'unsure', title: 'I am not sure', says: 'I cannot tell from what is written here.' },
  { value: 'not-me', title: 'This is not mine', says: 'The machine or account belongs to somebody else.' },
] as const
export type PersonAnswer = (typeof personAnswers)[number]['value']

/** Choosing one of them, and room for a word. */
export function PersonAnswers({
  answer,
  choose,
  comment,
  write,
}: {
  readonly answer: PersonAnswer | null
  readonly choose: (answer: PersonAnswer) => void
  readonly comment: string
  readonly write: (comment: string) => void
}) {
  return (
    <>
      <div className="answers" role="radiogroup" aria-label="Your answer">
        {personAnswers.map((one) => (
          <button
            key={one.value}
            type="button"
            role="radio"
            aria-checked={answer === one.value}
            onClick={() => choose(one.value)}
          >
            <strong>{one.title}</strong>
            <span>{one.says}</span>
          </button>
        ))}
      </div>
      <Textarea
        label="Anything that helps (optional)"
        autosize
        minRows={2}
        maxLength={2000}
        value={comment}
        onChange={(event) => write(event.currentTarget.value)}
      />
    </>
  )
}
