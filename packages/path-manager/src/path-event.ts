/** `active`: may carry packets. `suspended`: known, but not usable for now. */
export type PathState = 'active' | 'suspended'

/** What happened to a path. `reason` is whatever text the one who moved the path gave. */
export type PathEvent<P> =
  | {
      readonly type: 'append'
      readonly path: P
      readonly state: PathState
      readonly reason: string | undefined
    }
  | { readonly type: 'suspend' | 'resume' | 'remove'; readonly path: P; readonly reason: string | undefined }

/** Told of every event, after the state has changed. What it throws goes to `onError` and nowhere else. */
export type PathListener<P> = (event: PathEvent<P>) => void
