namespace EventSourcing;

/// <summary>When the projections of a view set handle events. The code of the projections is the same in each mode.</summary>
public enum ViewMode
{
    /// <summary>After the append, by one process at a time, into a place of the set's own. Appends do not wait for it. The default.</summary>
    Async = 0,

    /// <summary>In the transaction of each append of this process, in the log itself: a read after the append sees it. A handler that fails refuses the append. Each append waits for the handlers, so they must be short.</summary>
    Inline = 1,

    /// <summary>At each read, from the events of the key; nothing is stored. Needs a key that is the stream or a tag, and is read by key only.</summary>
    Live = 2,
}
