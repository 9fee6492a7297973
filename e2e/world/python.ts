import { join, parse } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Started } from './process.ts'

const built = fileURLToPath(new URL('../../target/debug', import.meta.url))

/** Makes the environment $1, unless it has the package $2 of the version $3. */
const make = `
"$1/bin/python" -c "from importlib.metadata import version; assert version('$2') == '$3'" 2>/dev/null && exit
python3 -m venv "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check "$2==$3"
`

/** The Python of an environment that has a package, as `paho-mqtt==2.1.0`; made once, whoever asks at the same time. The tests in Rust make the same one, under the same lock. */
export async function pythonWith(wanted: string): Promise<string> {
  const [name = '', version = ''] = wanted.split('==')
  const folder = join(built, `${name}-${version}`)
  const lock = join(built, `${parse(folder).name}.lock`)
  await new Started('flock', [lock, 'sh', '-euc', make, 'sh', folder, name, version]).succeeded()
  return join(folder, 'bin/python')
}
