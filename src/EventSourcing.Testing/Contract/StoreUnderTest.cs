namespace EventSourcing.Testing.Contract;

/// <summary>A store on the log of a case.</summary>
internal sealed class StoreUnderTest
{
    internal StoreUnderTest(LogUnderTest log)
    {
        Log = log;
        Interrupted = new(log.Log);
        Store = new EventStore(Interrupted, CaseEvents.Types);
    }

    internal LogUnderTest Log { get; }

    /// <summary>The log that the store uses, where other callers' appends can be inserted.</summary>
    internal InterruptedLog Interrupted { get; }

    internal IEventStore Store { get; }

    /// <summary>Another store on the same log.</summary>
    internal IEventStore With(EventTypeMap types) => new EventStore(Log.Log, types);

    internal async Task<AppendResult> AppendAsync(Append append) => await Store.AppendAsync(append).ConfigureAwait(false);

    internal async Task<AppendResult> AppendAsync(StreamId stream, params object[] events) =>
        await Store.AppendAsync(stream, ExpectedVersion.Any, events).ConfigureAwait(false);

    /// <summary>Asserts that a call is refused and stores nothing.</summary>
    internal async Task<TException> RefusesAsync<TException>(Func<Task> call) where TException : Exception
    {
        var before = await Log.DescribeAsync().ConfigureAwait(false);
        var refusal = await Expect.ThrowsAsync<TException>(call, "the call").ConfigureAwait(false);
        Expect.Equal(before, await Log.DescribeAsync().ConfigureAwait(false), "the log after the refused call");
        return refusal;
    }

    internal Task<TException> RefusesAsync<TException>(Append append) where TException : Exception => RefusesAsync<TException>(() => AppendAsync(append));

    internal Task<TException> RefusesAsync<TException>(StreamId stream, params object[] events) where TException : Exception =>
        RefusesAsync<TException>(() => AppendAsync(stream, events));

    /// <summary>Asserts that a call changes nothing.</summary>
    internal async Task<T> ChangesNothingAsync<T>(Func<Task<T>> call)
    {
        var before = await Log.DescribeAsync().ConfigureAwait(false);
        var result = await call().ConfigureAwait(false);
        Expect.Equal(before, await Log.DescribeAsync().ConfigureAwait(false), "the log after a call that writes nothing");
        return result;
    }

    internal async Task<EventEnvelope> SingleAsync(StreamId stream)
    {
        var events = await ToListAsync(Store.ReadStreamAsync(stream)).ConfigureAwait(false);
        Expect.Equal(1, events.Count, "events of the stream");
        return events[0];
    }

    internal async Task<object[]> DataAsync(StreamId stream) =>
        [.. (await ToListAsync(Store.ReadStreamAsync(stream)).ConfigureAwait(false)).Select(e => e.Data)];

    internal static async Task<List<EventEnvelope>> ToListAsync(EventSequence sequence)
    {
        var events = new List<EventEnvelope>();
        await foreach (var e in sequence.ConfigureAwait(false)) events.Add(e);
        return events;
    }

    internal static async Task<long[]> PositionsAsync(EventSequence sequence) =>
        [.. (await ToListAsync(sequence).ConfigureAwait(false)).Select(e => e.Position.ToInt64())];

    internal static GlobalPosition At(long position) => GlobalPosition.FromInt64(position);
}
