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

    internal Stage(EventTypeMap types, IReadOnlyList<object> given)
    {
        Types = types;
        _store = new(new InMemoryEventLog(), types);
        Append(given);
        _given = Completed(_store.GetHeadAsync());
    }

    internal EventTypeMap Types { get; }

    /// <summary>What was appended after the given events, as stored.</summary>
    internal IReadOnlyList<RecordedEvent> Decided
    {
        get
        {
            var events = new List<RecordedEvent>();
            for (RangeRead? next = new AllRead { AfterPosition = _given }; next is not null;)
            {
                using var page = Completed(_store.Log.ReadAsync(next, CancellationToken.None));
                events.AddRange(page.Events);
                next = next.Next(page);
            }

            return events;
        }
    }

    /// <summary>Events as they are stored.</summary>
    internal static IReadOnlyList<RecordedEvent> Encode(EventTypeMap types, IReadOnlyList<object> events)
    {
        var stage = new Stage(types, []);
        stage.Append(events);
        return stage.Decided;
    }

    /// <summary>Appends a decision as the store does: all of it goes to the subject.</summary>
    internal void Decide(IReadOnlyList<object> events)
    {
        if (events.Count > 0) Completed(_store.AppendAsync(Subject, ExpectedVersion.Any, events));
    }

    internal AppendResult Send(object command, Action<CommandHandlers> build) => Completed(new CommandBus(_store, build).SendAsync(command));

    internal TState Fold<TState>(TState initial, Func<TState, object, TState> evolve) =>
        Completed(_store.FoldStreamAsync(Subject, initial, evolve)).State;

    internal TAggregate Load<TAggregate>() where TAggregate : Aggregate, new() =>
        Completed(_store.GetRepository<TAggregate>().LoadAsync(Subject));

    private void Append(IReadOnlyList<object> events)
    {
        if (events.Count == 0) return;
        var append = new Append();
        foreach (var e in events) append.To((e as EventData)?.StreamId ?? Subject, ExpectedVersion.Any, [e]);
        Completed(_store.AppendAsync(append));
    }

    // The log in memory does its work before it returns, so nothing is waited for here.
    private static T Completed<T>(ValueTask<T> call) =>
#pragma warning disable RS0030 // It has completed.
        call.IsCompleted ? call.GetAwaiter().GetResult() : throw new InvalidOperationException("A call did not complete at once: the log in memory does, so what is tried waited for something else.");
#pragma warning restore RS0030
}
