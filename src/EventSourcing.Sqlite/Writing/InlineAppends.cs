namespace EventSourcing.Sqlite.Writing;

/// <summary>Decides which appends run on the caller's own thread, which saves a lone caller the hand-over to the writer's thread. Guarded by the queue's lock.</summary>
/// <remarks>
/// A caller that starts many appends before it awaits the first looks like a lone caller at first. So inline appends are given only after a
/// caller was seen to wait for its answer, and a few at a time: after them an append goes through the queue, which shows whether others wait.
/// Each time that no other caller waits, twice as many are given.
/// </remarks>
internal sealed class InlineAppends
{
    private const int MaxGranted = 256;

    private int _left;
    private int _next = 1;

    /// <summary>True when an append may run inline; each answer counts.</summary>
    internal bool TryTake()
    {
        if (_left == 0) return false;
        _left--;
        return true;
    }

    /// <summary>A caller waits alone for its answer.</summary>
    internal void Grant()
    {
        _left = _next;
        _next = Math.Min(_next * 2, MaxGranted);
    }

    /// <summary>Several appends wait: together they are cheaper in one group.</summary>
    internal void NoteContention() => (_left, _next) = (0, 1);
}
