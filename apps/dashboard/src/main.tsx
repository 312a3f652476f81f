import { render } from 'preact'
import { connectFeed } from './feed/connect.ts'
import { Store } from './feed/store.ts'
import { App } from './view/app.tsx'

const store = new Store()
const root = document.querySelector('#app')!
const draw = (): void => render(<App state={store.state} />, root)
store.subscribe(draw)
draw()
connectFeed(store)
