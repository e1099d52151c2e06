namespace EventSourcing.LoadTests.Soak;

/// <summary>The store that all use at once, and what is noted about it.</summary>
internal sealed record SoakedLog(EventStore Store, string Path, Ledger Ledger, Faults Faults)
{
    /// <summary>Events by somebody, with new numbers.</summary>
    public Noted[] Make(int count, string by) => [.. Enumerable.Range(0, count).Select(_ => new Noted(Ledger.Next(), by))];

    /// <summary>Appends one event and blocks the thread until the answer is there.</summary>
    public void AppendBlocking(EventStore store, string by)
    {
        var events = Make(1, by);
#pragma warning disable CA2012 // The store's answers may be waited for by blocking: that is what is tried here.
        var result = store.AppendAsync(SoakEvents.AnyStream(), ExpectedVersion.Any, events).GetAwaiter().GetResult();
#pragma warning restore CA2012
        Acknowledge(events, result);
    }

    /// <summary>Notes that the events of one append are stored.</summary>
    public void Acknowledge(Noted[] events, in AppendResult result)
    {
        for (var i = 0; i < events.Length; i++) Ledger.Acknowledge(events[i].Number, result.FirstPosition.ToInt64() + i);
    }
}
