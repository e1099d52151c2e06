using System.Globalization;
using System.Runtime.CompilerServices;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Testing.Internal;

namespace EventSourcing.Testing;

/// <summary>The outcome of a decision: its events and the state after them, or the exception that it threw.</summary>
/// <typeparam name="TState">The state or aggregate.</typeparam>
public sealed class Outcome<TState>
{
    private readonly Stage _stage;
    private readonly Exception? _refusal;
    private readonly Func<TState> _load;

    internal Outcome(Stage stage, Exception? refusal, Func<TState> load) => (_stage, _refusal, _load) = (stage, refusal, load);

    /// <summary>The events of the decision in order, as they are read back from the store: with stream, tags, id and data.</summary>
    /// <exception cref="SpecificationException">The decision threw.</exception>
    public IReadOnlyList<EventEnvelope> Events => _refusal is null ? _stage.DecidedEvents : throw Refused("events");

    /// <summary>Expects these events, all of them and in this order.</summary>
    /// <param name="events">The events. Id, time, tags and stream of an <see cref="EventData"/> are compared too, where it has them; metadata never is.</param>
    /// <exception cref="SpecificationException">The decision led to other events, or threw.</exception>
    public Outcome<TState> Then(params IEnumerable<object> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        object[] given = [.. events];
        var expected = Stage.Encode(_stage.Types, given);
        if (_refusal is not null) throw Refused(Lines(expected));
        if (EventDifference.Find(given, expected, _stage.Decided) is { } difference)
            throw new SpecificationException($"The events differ: {difference}.", Lines(expected), Lines(_stage.Decided));
        return this;
    }

    /// <summary>Examines the events, where they hold values that the test does not know, for example ids that a handler makes.</summary>
    /// <param name="check">Gets the events as <see cref="Events"/> has them, and throws to fail: the place for a test framework's assertions.</param>
    /// <exception cref="ArgumentException">The check is asynchronous: nothing would wait for it.</exception>
    /// <exception cref="SpecificationException">The decision threw.</exception>
    public Outcome<TState> Then(Action<IReadOnlyList<EventEnvelope>> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        SynchronousDelegate.ThrowIfAsync(check, nameof(check));
        check(Events);
        return this;
    }

    /// <summary>Expects that a condition on the events is true.</summary>
    /// <param name="condition">Gets the events as <see cref="Events"/> has them; true for those expected.</param>
    /// <param name="text">The condition as written; the compiler passes it.</param>
    /// <exception cref="SpecificationException">The condition is false, or the decision threw.</exception>
    public Outcome<TState> Then(Func<IReadOnlyList<EventEnvelope>, bool> condition, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        if (_refusal is not null) throw Refused(text);
        return condition(Events) ? this : throw new SpecificationException("The events do not meet the condition.", text, Lines(_stage.Decided));
    }

    /// <summary>Expects that there is nothing to do: no event and no exception.</summary>
    /// <exception cref="SpecificationException">The decision led to events, or threw.</exception>
    public Outcome<TState> ThenNothing() => Then(Array.Empty<object>());

    /// <summary>Expects that the decision was refused.</summary>
    /// <typeparam name="TException">What it throws, or a base of it.</typeparam>
    /// <returns>The exception, for further checks.</returns>
    /// <exception cref="SpecificationException">The decision led to events, to nothing, or threw something else.</exception>
    public TException ThenThrows<TException>() where TException : Exception => _refusal switch
    {
        TException expected => expected,
        null => throw new SpecificationException("The decision was not refused.", typeof(TException).Name, Lines(_stage.Decided)),
        _ => throw Refused(typeof(TException).Name),
    };

    /// <summary>Expects that a condition on the state after the events is true.</summary>
    /// <param name="condition">True for the state expected.</param>
    /// <param name="text">The condition as written; the compiler passes it.</param>
    /// <exception cref="SpecificationException">The condition is false, or the decision threw.</exception>
    public Outcome<TState> ThenState(Func<TState, bool> condition, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        if (_refusal is not null) throw Refused(text);
        var state = _load();
        return condition(state) ? this : throw new SpecificationException("The state does not meet the condition.", text, $"{state}");
    }

    /// <summary>Expects a state equal to this one after the events. Records compare lists by reference: use a condition for those.</summary>
    /// <param name="expected">The state.</param>
    /// <exception cref="SpecificationException">The state is not equal, or the decision threw.</exception>
    public Outcome<TState> ThenState(TState expected)
    {
        if (_refusal is not null) throw Refused($"{expected}");
        var state = _load();
        return EqualityComparer<TState>.Default.Equals(expected, state)
            ? this
            : throw new SpecificationException("The states differ.", $"{expected}", $"{state}");
    }

    private SpecificationException Refused(string expected) =>
        new("The decision threw.", expected, $"{_refusal!.GetType().Name}: {ExceptionText.MessageOf(_refusal)}", _refusal);

    private static string Lines(IReadOnlyList<RecordedEvent> events) => events.Count == 0
        ? "no event"
        : string.Join(Environment.NewLine + "            ", events.Select((e, i) => string.Create(CultureInfo.InvariantCulture, $"{i + 1}. {EventDifference.Text(e)}")));
}
