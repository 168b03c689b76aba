// The rules of hashing once more, written for JavaScript's own strings, numbers and expressions, so that the library can
// be compared with them. Reads one base64 JSON body a line, writes one JSON answer a line.
'use strict'
const { createHash } = require('node:crypto')

const sha256 = value => createHash('sha256').update(value).digest('hex')
const strip = text => text.replace(/\s*<system-reminder>[\s\S]*?<\/system-reminder>/gi, '')
const unify = text => text.replace(/\r\n/g, '\n')

// ---- the original's message hash

function compatibleBlock(block, index) {
  switch (block.type) {
    case 'text':
      return `[${index}]text:` + unify(strip(block.text || '').trim())
    case 'image': {
      if (!block.source) return `[${index}]image:no-source`
      return `[${index}]image:${block.source.media_type}:${sha256(block.source.data || '')}`
    }
    case 'tool_use':
      return `[${index}]tool_use:${block.name}:${block.id}:${JSON.stringify(block.input)}`
    case 'tool_result': {
      let content = ''
      if (typeof block.content === 'string') content = strip(block.content)
      else if (Array.isArray(block.content)) content = JSON.stringify(block.content)
      return `[${index}]tool_result:${block.tool_use_id}:${content}`
    }
    default:
      return `[${index}]${block.type}:unknown`
  }
}

function compatibleContent(content) {
  if (typeof content === 'string') return '[0]text:' + unify(content.trim())
  return content
    .filter(block => !(block.type === 'text' && typeof block.text === 'string' && strip(block.text).trim() === ''))
    .map(compatibleBlock)
    .join('\n')
}

function withoutRepetitions(messages) {
  const uses = new Set()
  const results = new Set()
  return messages.filter(message => {
    if (typeof message.content === 'string') return true
    if (!Array.isArray(message.content)) throw new TypeError('content is not iterable')
    let repeated = false
    const meet = (id, known) => {
      if (!id) return
      repeated = known.has(id) || repeated
      known.add(id)
    }
    for (const block of message.content) {
      if (block.type === 'tool_use') meet(block.id, uses)
      if (block.type === 'tool_result') meet(block.tool_use_id, results)
    }
    return !repeated
  })
}

function compatibleHash(messages) {
  const hash = createHash('sha256')
  for (const message of messages) {
    if (!message.role) throw new Error('missing role')
    if (typeof message.role !== 'string') throw new TypeError('role is no text')
    hash.update(message.role)
    hash.update('\n')
    hash.update(compatibleContent(message.content))
    hash.update('\n')
  }
  return hash.digest('hex')
}

function compatible(messages) {
  try {
    if (messages.length === 0) throw new Error('empty')
    const kept = withoutRepetitions(messages)
    return {
      current: compatibleHash(kept),
      parent: kept.length >= 3 ? compatibleHash(kept.slice(0, -2)) : null,
      grandparent: kept.length > 4 ? compatibleHash(kept.slice(0, -4)) : null,
      kept: kept.length
    }
  } catch {
    return { current: null, parent: null, grandparent: null, kept: 0 }
  }
}

// ---- the original's system hash

const cli = 'You are an interactive CLI tool that helps users with software engineering tasks'

const withoutGit = text => text
  .replace(/gitStatus:[\s\S]*?(?:\n\n|$)/g, '\n\n')
  .replace(/(?:^|\n)Status:\s*\n(?:.*\n)*?(?=\n|$)/gm, '\n')
  .replace(/(?:^|\n)Current branch:.*$/gm, '')
  .replace(/(?:^|\n)Main branch.*?:.*$/gm, '')
  .replace(/(?:^|\n)Recent commits:.*\n(?:.+\n)*/gm, '\n')
  .replace(/\n{3,}/g, '\n\n')

function systemHash(system) {
  if (!system) return null
  try {
    const text = Array.isArray(system) ? system.map(block => block.text).join('\n') : system
    if (typeof text !== 'string') return null
    if (text.trim().startsWith(cli)) return sha256(cli)
    const left = withoutGit(strip(text.replace(/<transient_context>[\s\S]*?<\/transient_context>/g, ''))).trim()
    return left ? sha256(left) : null
  } catch {
    return null
  }
}

// ---- our own

const wellFormed = text => text.replace(/\0/g, '\ufffd').toWellFormed()
const normalText = text => unify(strip(wellFormed(text))).trim()

function counted(value) {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeInt32LE(bytes.length)
  return Buffer.concat([length, bytes])
}

const tagged = (tag, ...parts) => Buffer.concat([Buffer.from(tag), ...parts])

function canonical(value) {
  if (value === undefined) return Buffer.from('-')
  if (value === null) return Buffer.from('z')
  if (value === true) return Buffer.from('t')
  if (value === false) return Buffer.from('f')
  if (typeof value === 'string') return tagged('s', counted(strip(wellFormed(value))))
  if (typeof value === 'number') return tagged('n', counted(JSON.stringify(value)))
  if (Array.isArray(value)) return tagged('[', ...value.map(canonical), Buffer.from(']'))
  const members = new Map()
  for (const name of Object.keys(value)) {
    if (name !== 'cache_control') members.set(wellFormed(name), value[name])
  }
  const names = [...members.keys()].map(name => Buffer.from(name)).sort(Buffer.compare)
  return tagged('{', ...names.flatMap(name => [tagged('k', counted(name)), canonical(members.get(name.toString()))]),
    Buffer.from('}'))
}

function linkBlock(block, nested) {
  const isObject = block !== null && typeof block === 'object' && !Array.isArray(block)
  const { type, text, source, name, id, input, tool_use_id: toolUseId, content } = isObject ? block : {}
  if (type === 'text' && (text === undefined || text === null)) return null
  if (type === 'text' && typeof text === 'string') {
    return normalText(text) === '' ? null : tagged('T', counted(normalText(text)))
  }
  if (type === 'tool_use' && !nested) return tagged('U', canonical(name), canonical(id), canonical(input))
  if (type === 'tool_result' && !nested) {
    let blocks = []
    if (typeof content === 'string') blocks = [linkBlock({ type: 'text', text: content }, true)]
    else if (Array.isArray(content)) blocks = content.map(inner => linkBlock(inner, true))
    else if (content !== undefined && content !== null) blocks = [tagged('O', canonical(content))]
    return tagged('R', canonical(toolUseId), counted(Buffer.concat(blocks.filter(inner => inner !== null))))
  }
  if (type === 'image' && source !== undefined && source !== null) return tagged('I', canonical(source))
  if (type === 'document' && source !== undefined && source !== null) return tagged('D', canonical(source))
  if (type === 'thinking' || type === 'redacted_thinking') return null
  return tagged('O', canonical(block))
}

function linkMessage(message, known) {
  const content = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content
  if (!Array.isArray(content)) return null
  const blocks = content.filter(block => {
    const set = block?.type === 'tool_use' ? 'id' : block?.type === 'tool_result' ? 'tool_use_id' : null
    if (set === null || typeof block[set] !== 'string' || block[set] === '') return true
    const id = set + wellFormed(block[set])
    return known.has(id) ? false : known.add(id)
  })
  const written = blocks.map(block => linkBlock(block, false)).filter(block => block !== null)
  if (written.length === 0) return null
  return {
    user: message.role === 'user',
    bytes: tagged(message.role === 'user' ? 'u' : 'a', counted(Buffer.concat(written))),
    isText: written.every(block => block[0] === 0x54),
    text: written.filter(block => block[0] === 0x54).map(block => block.subarray(5).toString()).join('\n')
  }
}

function link(messages) {
  const known = new Set()
  let list = []
  messages.forEach((message, index) => {
    if (message?.role !== 'user' && message?.role !== 'assistant') return
    const written = linkMessage(message, known)
    if (written) list.push({ ...written, index, alone: linkMessage(message, new Set()).bytes })
  })
  while (list.length > 0 && !list[list.length - 1].user) list.pop()
  const hash = count => sha256(Buffer.concat(list.slice(0, count).map(message => message.bytes)))
  const runs = from => list.slice(from).filter((message, index, all) =>
    !message.user && (index === 0 || all[index - 1].user)).length
  const prefixes = []
  for (let count = list.length - 1; count > 0; count--) {
    if (!list[count - 1].user) continue
    prefixes.push({
      link: hash(count),
      counted: count,
      after: Math.max(1, runs(count)),
      next: list[count].user ? null : sha256(list[count].alone),
      compatible: compatible(messages.slice(0, list[count - 1].index + 1)).current
    })
  }
  return {
    link: list.length > 0 ? hash(list.length) : null,
    counted: list.length,
    first: list.length > 0 ? hash(1) : null,
    opening: list.length === 1 && list[0].isText ? sha256(list[0].text) : null,
    prefixes
  }
}

function stableSystemHash(system) {
  let text = system
  if (Array.isArray(system)) {
    text = system.map(block => typeof block?.text === 'string' ? block.text : '').join('\n')
  }
  if (typeof text !== 'string' || text === '') return null
  text = unify(wellFormed(text) + '\n')
  const lines = (from, expression) => from.split('\n').filter(line => !expression.test(line)).join('\n')
  text = lines(text, /^[ \t]*x-anthropic-billing-header:/i)
  text = strip(text.replace(/<transient_context>[\s\S]*?<\/transient_context>/g, ''))
  text = lines(text, /^[ \t]*(?:[-*][ \t]+)*today['\u2019]s date/i)
  text = withoutGit(text).trim()
  for (const opening of [
    cli,
    "You are Claude Code, Anthropic's official CLI for Claude",
    "You are an agent for Claude Code, Anthropic's official CLI for Claude"
  ]) {
    if (text.startsWith(opening)) text = opening
  }
  return text ? sha256(text) : null
}

const input = require('node:fs').readFileSync(0, 'latin1').trim().split('\n')
process.stdout.write(input.map(line => {
  const body = JSON.parse(Buffer.from(line, 'base64').toString())
  return JSON.stringify({
    ...compatible(body.messages),
    system: systemHash(body.system),
    stable: stableSystemHash(body.system),
    ...link(body.messages)
  })
}).join('\n') + '\n')
