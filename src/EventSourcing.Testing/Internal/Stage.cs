using System.Diagnostics.CodeAnalysis;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Internal;

/// <summary>The store in memory on which one decision is tried, and the stream of its subject.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The log in memory holds memory only.")]
internal sealed class Stage
{
    private static readonly StreamId Subject = "subject";

    private readonly EventStore _store;
    private readonly GlobalPosition _given;

    internal Stage(EventTypeMap types, IReadOnlyList<object> given, TimeProvider? clock = null)
    {
        Types = types;
        _store = new(new InMemoryEventLog(new() { TimeProvider = clock ?? TimeProvider.System }), types);
        Append(given);
        _given = Completed(_store.GetHeadAsync());
    }

    internal EventTypeMap Types { get; }

    internal IEventStore Store => _store;

    /// <summary>The events that were appended after the given ones, as stored.</summary>
    internal IReadOnlyList<RecordedEvent> Decided => Stored(_given);

    /// <summary>The events that were appended after the given ones, as read back.</summary>
    internal IReadOnlyList<EventEnvelope> DecidedEvents => Read(_given).AsReadOnly();

    /// <summary>Events as they are stored.</summary>
    /// <exception cref="SpecificationException">An event differs when it is read back.</exception>
    internal static IReadOnlyList<RecordedEvent> Encode(EventTypeMap types, IReadOnlyList<object> events)
    {
        var stage = new Stage(types, []);
        stage.Append(events);
        stage.ThrowIfLost();
        return stage.Decided;
    }

    /// <summary>Appends one more given event.</summary>
    internal void Give(object e) => Append([e]);

    /// <summary>Appends a decision as the store does: all of it goes to the subject.</summary>
    internal void Decide(IReadOnlyList<object> events)
    {
        if (events.Count > 0) Completed(_store.AppendAsync(Subject, ExpectedVersion.Any, events));
    }

    internal AppendResult Send(object command, Action<CommandHandlers> build) => Completed(new CommandBus(_store, build).SendAsync(command));

    internal TState Fold<TState>(Func<TState> create, Func<TState, object, TState> evolve) =>
        Completed(_store.FoldStreamAsync(Subject, create, evolve)).State;

    internal TAggregate Load<TAggregate>() where TAggregate : Aggregate, new() =>
        Completed(_store.GetRepository<TAggregate>().LoadAsync(Subject));

    /// <summary>Reads every event back and stores it once more: an event that differs then has lost something on the way.</summary>
    /// <exception cref="SpecificationException">An event differs.</exception>
    /// <exception cref="EventSerializationException">An event cannot be read.</exception>
    internal void ThrowIfLost()
    {
        var read = Read(GlobalPosition.Start).ToLookup(e => e.Position);
        foreach (var stored in Stored(GlobalPosition.Start))
        {
            // An old event that is converted reads as other events, which have no stored form to compare with.
            if (read[stored.Position].ToArray() is not [var envelope]) continue;
            var again = _store.Encode(new Append().To(stored.StreamId, ExpectedVersion.Any, [envelope.Data])).Writes.Span[0].Events.Span[0];
            if (again.Type != stored.Type) continue;
            var found = stored with { Data = again.Data };
            if (EventDifference.FindInData(stored, found) is not { } difference) continue;
            throw new SpecificationException(
                $"The event '{stored.Type}' differs when it is read back, at {difference}. Every property that its JSON contract writes must be taken by its constructor or by a setter.",
                EventDifference.Text(stored),
                EventDifference.Text(found));
        }
    }

    private List<RecordedEvent> Stored(GlobalPosition after)
    {
        var events = new List<RecordedEvent>();
        for (RangeRead? next = new AllRead { AfterPosition = after }; next is not null;)
        {
            using var page = Completed(_store.Log.ReadAsync(next, CancellationToken.None));
            events.AddRange(page.Events);
            next = next.Next(page);
        }

        return events;
    }

    private List<EventEnvelope> Read(GlobalPosition after)
    {
        var events = new List<EventEnvelope>();
        var reading = _store.ReadAllAsync(null, new() { AfterPosition = after }).GetAsyncEnumerator();
        while (Completed(reading.MoveNextAsync())) events.Add(reading.Current);
        return events;
    }

    private void Append(IReadOnlyList<object> events)
    {
        if (events.Count == 0) return;
        var append = new Append();
        foreach (var e in events) append.To((e as EventData)?.StreamId ?? Subject, ExpectedVersion.Any, [e]);
        Completed(_store.AppendAsync(append));
    }

    // The log in memory completes a call before it returns, so nothing is waited for here.
    private static T Completed<T>(ValueTask<T> call) =>
#pragma warning disable RS0030 // It has completed.
        call.IsCompleted ? call.GetAwaiter().GetResult() : throw new InvalidOperationException("A call did not complete at once. The log in memory does, so the decision waited for something outside: a specification tries what is decided without that.");
#pragma warning restore RS0030
}
