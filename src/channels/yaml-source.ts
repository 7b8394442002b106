import { type Document, isMap, isNode, isScalar, LineCounter, type Pair, parseDocument, visit } from 'yaml'
import { type Environment, readVariable } from '../config.ts'

export type Path = readonly (string | number)[]
export type Found = { line: number | null; path: Path; message: string }

/** A YAML text as plain values that still know their lines, with `${NAME}` replaced from the environment. */
export interface YamlSource {
  /** undefined if the text cannot be read at all */
  value: unknown
  problems: Found[]
  /** Paths whose value could not be filled in: what else is wrong with them is not worth telling. */
  unfilled: Path[]
  /** The line of this place, or of the nearest place around it that is there. */
  lineOf(path: Path): number | null
}

const VARIABLE = /\$\{([^}]*)\}?/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Reads one YAML document. Values are filled in after parsing, so what the environment holds is never read as YAML. */
export function readYaml(text: string, env: Environment): YamlSource {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const problems: Found[] = document.errors.map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    path: [],
    message: `is not readable as YAML: ${error.message}`,
  }))
  const unreadable = document.errors.some((error) => error.code !== 'DUPLICATE_KEY')
  const unfilled: Path[] = []
  const lineOf = (path: Path) => lineIn(document, lines, path)
  if (unreadable) return { value: undefined, problems, unfilled, lineOf }

  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return
      const path = pathOf(ancestors as unknown[], key)
      const missing: string[] = []
      node.value = node.value.replace(VARIABLE, (written, name: string) => {
        const found = written.endsWith('}') && NAME.test(name) ? readVariable(env, name) : null
        if (found === null) missing.push(`${written} is not of the form \${NAME}`)
        else if ('problem' in found) missing.push(`${found.field} ${found.problem}`)
        else if (found.value === null) missing.push(`the environment variable ${name} is not set`)
        else return found.value
        return ''
      })
      for (const message of missing) problems.push({ line: lineOf(path), path, message })
      if (missing.length > 0) unfilled.push(path)
    },
  })
  return { value: document.toJS(), problems, unfilled, lineOf }
}

function pathOf(ancestors: unknown[], key: unknown): Path {
  const path: (string | number)[] = []
  for (const [index, ancestor] of ancestors.entries()) {
    if (ancestor && typeof ancestor === 'object' && 'key' in ancestor && 'value' in ancestor)
      path.push(String((ancestor as Pair<{ value?: unknown }>).key?.value))
    else if (isNode(ancestor) && 'items' in ancestor && !isMap(ancestor)) {
      const child = ancestors[index + 1]
      path.push(child === undefined ? Number(key) : (ancestor.items as unknown[]).indexOf(child))
    }
  }
  return path
}

/** The line of a key where there is one (a value may begin further down), else of the nearest place around it. */
function lineIn(document: Document, lines: LineCounter, path: Path): number | null {
  let node: unknown = document.contents
  let offset = isNode(node) && node.range ? node.range[0] : null
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step))
      if (!pair || !isScalar(pair.key)) break
      if (pair.key.range) offset = pair.key.range[0]
      node = pair.value
    } else if (isNode(node) && 'items' in node) {
      node = (node.items as unknown[])[Number(step)]
      if (isNode(node) && node.range) offset = node.range[0]
    } else break
  }
  return offset === null ? null : lines.linePos(offset).line
}
