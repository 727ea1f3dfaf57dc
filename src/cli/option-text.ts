/** An option as a person writes it. */
export const optionText = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`)
