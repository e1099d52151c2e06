using System.Globalization;
using System.Runtime.CompilerServices;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Testing.Internal;

namespace EventSourcing.Testing;

/// <summary>What came of a decision: events and the state after them, or what it threw.</summary>
/// <typeparam name="TState">The state or aggregate.</typeparam>
public sealed class Outcome<TState>
{
    private readonly Stage _stage;
    private readonly Exception? _refusal;
    private readonly Func<TState> _load;

    internal Outcome(Stage stage, Exception? refusal, Func<TState> load) => (_stage, _refusal, _load) = (stage, refusal, load);

    /// <summary>Expects these events, all of them and in this order.</summary>
    /// <param name="events">The events. What an <see cref="EventData"/> says of id, time, tags and stream is compared too, what it leaves out is not; metadata never is.</param>
    /// <exception cref="SpecificationException">The decision led to other events, or threw.</exception>
    public Outcome<TState> Then(params IEnumerable<object> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        object[] said = [.. events];
        var expected = Stage.Encode(_stage.Types, said);
        if (_refusal is not null) throw Refused(Lines(expected));
        if (EventDifference.Find(said, expected, _stage.Decided) is { } difference)
            throw new SpecificationException($"The events differ: {difference}.", Lines(expected), Lines(_stage.Decided));
        return this;
    }

    /// <summary>Expects that there is nothing to do: no event and no exception.</summary>
    /// <exception cref="SpecificationException">The decision led to events, or threw.</exception>
    public Outcome<TState> ThenNothing() => Then();

    /// <summary>Expects that the decision was refused.</summary>
    /// <typeparam name="TException">What it throws, or a base of it.</typeparam>
    /// <returns>The exception, to look at more of it.</returns>
    /// <exception cref="SpecificationException">The decision led to events, to nothing, or threw something else.</exception>
    public TException ThenThrows<TException>() where TException : Exception => _refusal switch
    {
        TException expected => expected,
        null => throw new SpecificationException("The decision was not refused.", typeof(TException).Name, Lines(_stage.Decided)),
        _ => throw Refused(typeof(TException).Name),
    };

    /// <summary>Expects something of the state after the events.</summary>
    /// <param name="condition">True for the state expected.</param>
    /// <param name="text">The condition as written; the compiler gives it.</param>
    /// <exception cref="SpecificationException">The condition is false, or the decision threw.</exception>
    public Outcome<TState> ThenState(Func<TState, bool> condition, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        if (_refusal is not null) throw Refused(text);
        var state = _load();
        return condition(state) ? this : throw new SpecificationException("The state is another one.", text, $"{state}");
    }

    /// <summary>Expects a state equal to this one after the events. Records compare lists in them by reference: say those by a condition.</summary>
    /// <param name="expected">The state.</param>
    /// <exception cref="SpecificationException">The state is not equal, or the decision threw.</exception>
    public Outcome<TState> ThenState(TState expected)
    {
        if (_refusal is not null) throw Refused($"{expected}");
        var state = _load();
        return EqualityComparer<TState>.Default.Equals(expected, state)
            ? this
            : throw new SpecificationException("The state is another one.", $"{expected}", $"{state}");
    }

    private SpecificationException Refused(string expected) =>
        new("The decision threw.", expected, $"{_refusal!.GetType().Name}: {ExceptionText.MessageOf(_refusal)}", _refusal);

    private static string Lines(IReadOnlyList<RecordedEvent> events) => events.Count == 0
        ? "no event"
        : string.Join(Environment.NewLine + "            ", events.Select((e, i) => string.Create(CultureInfo.InvariantCulture, $"{i + 1}. {EventDifference.Text(e)}")));
}
