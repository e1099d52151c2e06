using EventSourcing.Storage;
using EventSourcing.Views.Declaring;
using EventSourcing.Views.Folding;
using EventSourcing.Views.Tallies;

namespace EventSourcing;

/// <summary>Counts and sums by key, declared without handlers. Its constructor declares which events count, by which dimensions, and for which figures. Read as <see cref="TallyRow"/>.</summary>
/// <remarks>
/// A row exists for every key that an event has counted for, also where its figures are 0. Its key is the text of its dimension, or of all dimensions (<see cref="KeyOf"/>). Dimensions and figures are indexes of the view and columns of the SQL view.
/// Sums are exact. A result out of a figure's range pauses the view before the event, with a <see cref="ViewException"/> that names key and figure.
/// </remarks>
/// <example><code>
/// public sealed class SalesByDay : Tally
/// {
///     public SalesByDay() : base("sales-by-day", version: 1)
///     {
///         For&lt;OrderCreated&gt;().By("day", (e, envelope) => DateOnly.FromDateTime(envelope.Timestamp.UtcDateTime)).Count("orders").Add("net", e => e.TotalPrice);
///         For&lt;OrderReturned&gt;().By("day", (e, _) => e.Ordered).Subtract("orders", _ => 1).Subtract("net", e => e.TotalPrice);
///     }
/// }
/// </code></example>
public abstract class Tally : Projection, IRowDeclaration<TallyRow>
{
    private readonly List<ITallyRule> _rules = [];
    private TallyShape? _shape;

    /// <summary>Names the tally.</summary>
    /// <param name="name">1 to 100 lower-case ASCII letters, digits and dashes; unique among the projections of a store.</param>
    /// <param name="version">1 or more. Increase it when a rule changes: the new version is built beside the old one.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the version is below 1.</exception>
#pragma warning disable RS0022 // Tallies are classes of the application: the base class has no protected members of its own.
    protected Tally(string name, int version) : base(name, version)
#pragma warning restore RS0022
    {
    }

    IReadOnlyList<string> IRowDeclaration<TallyRow>.IndexNames => Shape.Columns;

    int IRowDeclaration<TallyRow>.MaxChanges => 0;

    internal TallyShape Shape => _shape ?? throw new InvalidOperationException($"Tally '{Name}' is not in use yet.");

    internal IReadOnlyList<ITallyRule> Rules => _rules;

    internal override Type RowType => typeof(TallyRow);

    internal override IReadOnlyCollection<Type> EventTypes => [.. _rules.Select(rule => rule.EventType).Distinct()];

    internal override IReadOnlyCollection<string> Earlier => [];

    internal override ViewTable Table => new(Name, Shape.Columns);

    internal override KeySource? KeySource => null;

    internal override string NotByKey => "it is a tally, whose keys are computed from the events";

    /// <summary>The key of a row, for reads by key.</summary>
    /// <param name="dimensions">The values of all dimensions, in order of declaration.</param>
    /// <returns>The text of the values, with <c>|</c> between them. In a text, <c>\</c> and <c>|</c> are preceded by <c>\</c>; an empty text is <c>\E</c>, and no value is <c>\N</c>.</returns>
    /// <exception cref="ArgumentException">There is no value, or one is a number with a fraction.</exception>
    public static string KeyOf(params ReadOnlySpan<ViewValue> dimensions) =>
        dimensions.Length == 0 ? throw new ArgumentException("A key has at least one value.", nameof(dimensions)) : new TallyKey().Write(dimensions).ToString();

    /// <summary>Declares what the events of a type count for. A type may have several rules.</summary>
    /// <typeparam name="T">A type of the type map.</typeparam>
    /// <returns>The rule: give it at least one dimension and one figure.</returns>
    protected TallyRule<T> For<T>() where T : notnull => AddRule(new TallyRule<T>(this, typeof(T), null));

    /// <summary>Declares what items in the events of a type count for, each by its own key: the lines of an order.</summary>
    /// <typeparam name="T">A type of the type map.</typeparam>
    /// <typeparam name="TItem">The item. Where the event is needed too, make a tuple of both.</typeparam>
    /// <param name="items">The items of an event; may be empty.</param>
    /// <returns>The rule: give it at least one dimension and one figure.</returns>
    protected TallyRule<TItem> ForEach<T, TItem>(Func<T, IEnumerable<TItem>> items) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(items);
        return AddRule(new TallyRule<TItem>(this, typeof(T), e => items((T)e)));
    }

    TallyRow IRowDeclaration<TallyRow>.Deserialize(ReadOnlySpan<byte> json)
    {
        var (dimensions, figures) = TallyJson.Read(json, Shape);
        return new(Shape, dimensions, figures);
    }

    internal override void Freeze()
    {
        if (_shape is not null) return;
        var shape = TallyDeclaration.ShapeOf(Name, _rules);
        foreach (var rule in _rules) rule.Bind(shape);
        _shape = shape;
    }

    internal override IEnumerable<string> Describe(EventTypeMap types)
    {
        yield return $"tally {Name}";
        foreach (var dimension in Shape.Dimensions) yield return $"  dimension {dimension}";
        foreach (var figure in Shape.Figures) yield return $"  figure {figure.Name}, {figure}";
        foreach (var line in _rules.Select(rule => $"  event {EventNames.NameOf(rule.EventType, types)}{rule.Describe()}").Order(StringComparer.Ordinal)) yield return line;
    }

    internal override RowFold NewFold(int table) => new TallyFold(this, table);

    internal void ThrowIfFrozen()
    {
        if (_shape is not null) throw new InvalidOperationException($"Tally '{Name}' is in use: its rules are declared in its constructor.");
    }

    private TRule AddRule<TRule>(TRule rule) where TRule : ITallyRule
    {
        ThrowIfFrozen();
        _rules.Add(rule);
        return rule;
    }
}
