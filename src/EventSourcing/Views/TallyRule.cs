using EventSourcing.Storage;
using EventSourcing.Views.Tallies;

namespace EventSourcing;

/// <summary>What the events of one type, or the items in them, count for in a <see cref="Tally"/>. Declared in the tally's constructor.</summary>
/// <remarks>All functions are pure: the same event always gives the same values.</remarks>
/// <typeparam name="T">The event, or the item.</typeparam>
public sealed class TallyRule<T> : ITallyRule
{
    private readonly Tally _tally;
    private readonly Type _eventType;
    private readonly Func<object, IEnumerable<T>>? _items;
    private readonly List<string> _dimensions = [];
    private readonly List<Func<T, EventEnvelope, ViewValue>> _values = [];
    private readonly List<FigureStep<T>> _steps = [];
    private Func<T, bool>? _where;
    private int[] _places = [];

    internal TallyRule(Tally tally, Type eventType, Func<object, IEnumerable<T>>? items) => (_tally, _eventType, _items) = (tally, eventType, items);

    Type ITallyRule.EventType => _eventType;

    IReadOnlyList<string> ITallyRule.Dimensions => _dimensions;

    IEnumerable<Figure> ITallyRule.Figures => _steps.Select(step => step.Figure);

    /// <summary>Counts only events, or items, that meet a condition. Several conditions must all be met.</summary>
    /// <param name="condition">The condition.</param>
    public TallyRule<T> Where(Func<T, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        _tally.ThrowIfFrozen();
        _where = _where is { } before ? item => before(item) && condition(item) : condition;
        return this;
    }

    /// <summary>Declares a dimension: each of its values has figures of its own. Several dimensions together are the key.</summary>
    /// <param name="dimension">The name: 1 to 100 ASCII letters, digits and underscores, the first a letter; not <c>key</c>, <c>position</c> or <c>json</c>. All rules of a tally have the same dimensions.</param>
    /// <param name="value">The value: a text, an integer, a date, a time, an id, a truth value, or none; not a number with a fraction. All values of a key together have at most 512 bytes of UTF-8, without control characters.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the rule has the dimension already.</exception>
    public TallyRule<T> By(string dimension, Func<T, ViewValue> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return By(dimension, (item, _) => value(item));
    }

    /// <inheritdoc cref="By(string, Func{T, ViewValue})"/>
    public TallyRule<T> By(string dimension, Func<T, EventEnvelope, ViewValue> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _tally.ThrowIfFrozen();
        ViewNames.ThrowIfInvalidIndex(dimension, nameof(dimension));
        if (_dimensions.Contains(dimension)) throw new ArgumentException($"Tally '{_tally.Name}' has a dimension '{dimension}' of {typeof(T)} already.", nameof(dimension));
        _dimensions.Add(dimension);
        _values.Add(value);
        return this;
    }

    /// <summary>Adds 1 for each event, or item, to a sum of integers.</summary>
    /// <param name="figure">The name, by the rules for dimensions. Rules of one tally may change the same figure.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public TallyRule<T> Count(string figure) => Step(figure, FigureKind.Sum, isSubtracted: false, static _ => 1, null);

    /// <summary>Adds a value to a sum of integers.</summary>
    /// <param name="figure">The name, by the rules for dimensions. Rules of one tally may change the same figure.</param>
    /// <param name="value">The value. A sum out of the range of 64 bits pauses the view with a <see cref="ViewException"/>.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public TallyRule<T> Add(string figure, Func<T, long> value) => Step(figure, FigureKind.Sum, isSubtracted: false, value, null);

    /// <summary>Adds a value to a sum of decimals.</summary>
    /// <param name="figure">The name, by the rules for dimensions. Rules of one tally may change the same figure.</param>
    /// <param name="value">The value. Sums are exact: one that has more digits than a decimal keeps, 28 to 29, pauses the view with a <see cref="ViewException"/>.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public TallyRule<T> Add(string figure, Func<T, decimal> value) => Step(figure, FigureKind.Sum, isSubtracted: false, null, value);

    /// <summary>Subtracts a value from a sum of integers.</summary>
    /// <inheritdoc cref="Add(string, Func{T, long})"/>
    public TallyRule<T> Subtract(string figure, Func<T, long> value) => Step(figure, FigureKind.Sum, isSubtracted: true, value, null);

    /// <summary>Subtracts a value from a sum of decimals.</summary>
    /// <inheritdoc cref="Add(string, Func{T, decimal})"/>
    public TallyRule<T> Subtract(string figure, Func<T, decimal> value) => Step(figure, FigureKind.Sum, isSubtracted: true, null, value);

    /// <summary>Keeps the lowest value. It cannot be taken back: no event raises a minimum.</summary>
    /// <param name="figure">The name, by the rules for dimensions. Rules of one tally may change the same figure.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public TallyRule<T> Min(string figure, Func<T, long> value) => Step(figure, FigureKind.Minimum, isSubtracted: false, value, null);

    /// <inheritdoc cref="Min(string, Func{T, long})"/>
    public TallyRule<T> Min(string figure, Func<T, decimal> value) => Step(figure, FigureKind.Minimum, isSubtracted: false, null, value);

    /// <summary>Keeps the highest value. It cannot be taken back: no event lowers a maximum.</summary>
    /// <param name="figure">The name, by the rules for dimensions. Rules of one tally may change the same figure.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public TallyRule<T> Max(string figure, Func<T, long> value) => Step(figure, FigureKind.Maximum, isSubtracted: false, value, null);

    /// <inheritdoc cref="Max(string, Func{T, long})"/>
    public TallyRule<T> Max(string figure, Func<T, decimal> value) => Step(figure, FigureKind.Maximum, isSubtracted: false, null, value);

    void ITallyRule.Bind(TallyShape shape)
    {
        _places = [.. _dimensions.Select(shape.DimensionOf)];
        foreach (var step in _steps) step.Place = shape.FigureOf(step.Figure.Name);
    }

    void ITallyRule.Fold(EventEnvelope envelope, TallyFold fold)
    {
        if (_items is null) Fold((T)envelope.Data, envelope, fold);
        else
            foreach (var item in _items(envelope.Data)) Fold(item, envelope, fold);
    }

    string ITallyRule.Describe() => $"{(_items is null ? "" : ", each item")}{(_where is null ? "" : ", by condition")}: {string.Join(", ", _steps)}";

    private void Fold(T item, EventEnvelope envelope, TallyFold fold)
    {
        if (_where is { } condition && !condition(item)) return;
        for (var i = 0; i < _places.Length; i++) fold.Dimensions[_places[i]] = _values[i](item, envelope);
        var cell = fold.Touch(envelope.Position);
        foreach (var step in _steps) fold.Apply(cell, step.Place, step.ValueOf(item));
    }

    private TallyRule<T> Step(string name, FigureKind kind, bool isSubtracted, Func<T, long>? whole, Func<T, decimal>? number)
    {
        _tally.ThrowIfFrozen();
        ViewNames.ThrowIfInvalidIndex(name, nameof(name));
        if (whole is null) ArgumentNullException.ThrowIfNull(number);
        _steps.Add(new(new(name, kind, whole is not null), isSubtracted, whole, number));
        return this;
    }
}
