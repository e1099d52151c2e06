using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Views.Declaring;
using EventSourcing.Views.Folding;

namespace EventSourcing;

/// <summary>Turns events into documents by key: a projection. Its constructor declares keys, indexes and handlers.</summary>
/// <remarks>
/// Handlers are pure: they compute the new document from the old one and the event, wait for nothing and cause nothing. <see cref="EventEnvelope.Timestamp"/> is the only clock. The same events always give the same documents,
/// so a view can be rebuilt and verified at any time. Documents must not be changed: return a new one. An event type without a handler is not decoded.
/// </remarks>
/// <typeparam name="TRow">The document: an immutable record with a JSON contract.</typeparam>
/// <example><code>
/// public sealed class OrderList : Projection&lt;OrderRow&gt;
/// {
///     public OrderList() : base("order-list", version: 2, ShopJson.Default.OrderRow)
///     {
///         Index("customer", row => row.Customer);
///         Key&lt;OrderCreated&gt;((e, _) => e.OrderId);
///         Key&lt;OrderPaid&gt;((_, envelope) => envelope.StreamId.Id);
///         On&lt;OrderCreated&gt;((_, e, envelope) => new OrderRow(e.OrderId, e.CustomerEmail, e.TotalPrice, 0m, envelope.Timestamp));
///         OnExisting&lt;OrderPaid&gt;((row, e) => row with { Paid = row.Paid + e.Amount });
///     }
/// }
/// </code></example>
public abstract class Projection<TRow> : Projection, IRowDeclaration<TRow> where TRow : class
{
    private readonly Dictionary<Type, KeyRule<TRow>> _keys = [];
    private readonly Dictionary<Type, RowHandler<TRow>> _handlers = [];
    private readonly List<RowIndex<TRow>> _indexes = [];
    private readonly List<string> _earlier = [];
    private KeySource? _keySource;
    private int _maxChanges;
    private bool _isFrozen;

    /// <summary>Names the projection.</summary>
    /// <param name="name">1 to 100 lower-case ASCII letters, digits and dashes; unique among the projections of a store.</param>
    /// <param name="version">1 or more. Increase it when the handlers, the document or the indexes change: the new version is built beside the old one.</param>
    /// <param name="contract">The document's JSON contract, best from a source-generated context.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the version is below 1.</exception>
    /// <exception cref="ArgumentNullException">There is no contract.</exception>
#pragma warning disable RS0022 // Projections are classes of the application: the base class has no protected members of its own.
    protected Projection(string name, int version, JsonTypeInfo<TRow> contract) : base(name, version)
#pragma warning restore RS0022
    {
        if (contract is null)
            throw new ArgumentNullException(nameof(contract), $"Projection '{name}' needs the JSON contract of {typeof(TRow)}. Add [JsonSerializable(typeof({typeof(TRow).Name}))] to a JsonSerializerContext and pass its property.");
        Contract = contract;
    }

    /// <summary>The document's JSON contract.</summary>
    public JsonTypeInfo<TRow> Contract { get; }

    internal IReadOnlyList<RowIndex<TRow>> Indexes => _indexes;

    internal override Type RowType => typeof(TRow);

    internal override IReadOnlyCollection<Type> EventTypes => _handlers.Keys;

    internal override IReadOnlyCollection<string> Earlier => _earlier;

    internal override ViewTable Table => new(Name, [.. _indexes.Select(i => i.Name)]) { MaxChanges = _maxChanges };

    internal override KeySource? KeySource => _keySource;

    internal override string? NotInline => _maxChanges > 0 ? "it keeps changes, which are in the file of an async view" : null;

    internal override string? NotByKey =>
        _keySource is null || _keys.Count > 0 ? "its keys are neither all streams nor all values of one tag (KeyIsStream, KeyIsTag)"
        : _earlier.Count > 0 || _handlers.Values.Any(handler => handler.LooksUp) ? "its handlers look other documents up"
        : null;

    /// <summary>Declares an index: documents are found and ordered by it, and it is a column of the SQL view.</summary>
    /// <param name="name">1 to 100 ASCII letters, digits and underscores, the first a letter; not <c>key</c>, <c>position</c> or <c>json</c>.</param>
    /// <param name="value">The value of a document, computed from the document alone.</param>
    /// <exception cref="ArgumentException">The name is not valid or used already.</exception>
    protected void Index(string name, Func<TRow, ViewValue> value)
    {
        ThrowIfFrozen();
        ViewNames.ThrowIfInvalidIndex(name, nameof(name));
        ArgumentNullException.ThrowIfNull(value);
        if (_indexes.Exists(i => i.Name.Equals(name, StringComparison.OrdinalIgnoreCase))) throw new ArgumentException($"Projection '{Name}' has an index '{name}' already.", nameof(name));
        _indexes.Add(new(name, value));
    }

    /// <summary>Keeps the last changes of documents, so that they can be followed (<see cref="IView{TRow}.ChangesAsync"/>). Each one is written with the document, in its transaction: its size is that of the document before and after it.</summary>
    /// <param name="max">How many are kept: 1 to 1,000,000; the default is 10,000. Up to a hundredth more may be there before the oldest ones are removed. A reader that is further behind reads the view again.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of its range.</exception>
    /// <exception cref="InvalidOperationException">It was declared already.</exception>
    protected void KeepChanges(int max = 10_000)
    {
        ThrowIfFrozen();
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(max, 1_000_000);
        if (_maxChanges > 0) throw new InvalidOperationException($"Projection '{Name}' has declared already that it keeps {_maxChanges} changes.");
        _maxChanges = max;
    }

    /// <summary>The key of every event without a key of its own is its stream: one document for each stream. Then a view may be rebuilt for one key.</summary>
    /// <param name="category">With a category, the key is the part of the stream's name after it, and an event of another category fails; null, the default: the key is the whole name of the stream.</param>
    /// <exception cref="InvalidOperationException">The key was declared already.</exception>
    protected void KeyIsStream(string? category = null) => SetKeySource(new StreamKey(category));

    /// <summary>The key of every event without a key of its own is the value of a tag. An event that carries the tag several times belongs to several documents; one that does not carry it fails.</summary>
    /// <param name="tag">The tag's name.</param>
    /// <exception cref="InvalidOperationException">The key was declared already.</exception>
    protected void KeyIsTag(string tag)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        SetKeySource(new TagKey(tag));
    }

    /// <summary>Declares how the key of events of a type is found.</summary>
    /// <typeparam name="T">A type of the type map.</typeparam>
    /// <param name="key">The key, from the event and its envelope: not empty, at most 512 bytes of UTF-8, without control characters.</param>
    /// <exception cref="ArgumentException">The type has a key already.</exception>
    protected void Key<T>(Func<T, EventEnvelope, string?> key) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        AddKey<T>(new((e, envelope) => key((T)e, envelope), null));
    }

    /// <summary>Declares which documents an event of a type belongs to: none, one or many, found also by a look-up in the documents as they are before the event.</summary>
    /// <typeparam name="T">A type of the type map.</typeparam>
    /// <param name="keys">The keys. The look-ups see everything that earlier events have changed.</param>
    /// <exception cref="ArgumentException">The type has a key already.</exception>
    protected void Keys<T>(Func<T, ViewRows<TRow>, IEnumerable<string>> keys) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(keys);
        AddKey<T>(new(null, (e, _, rows) => keys((T)e, rows)));
    }

    /// <inheritdoc cref="Keys{T}(Func{T, ViewRows{TRow}, IEnumerable{string}})"/>
    protected void Keys<T>(Func<T, EventEnvelope, ViewRows<TRow>, IEnumerable<string>> keys) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(keys);
        AddKey<T>(new(null, (e, envelope, rows) => keys((T)e, envelope, rows)));
    }

    /// <summary>Declares that the projection reads another one of its set, which comes before it: exactly as that is after the same event.</summary>
    /// <param name="projection">The name of the other projection.</param>
    protected void After(string projection)
    {
        ThrowIfFrozen();
        ViewNames.ThrowIfInvalidSet(projection, nameof(projection));
        if (!_earlier.Contains(projection)) _earlier.Add(projection);
    }

    /// <summary>Handles events of a type: creates, changes or removes the document of the key.</summary>
    /// <typeparam name="T">A type of the type map.</typeparam>
    /// <param name="handle">Gets the document, null where there is none, and returns the new one; null removes it.</param>
    /// <exception cref="ArgumentException">The type has a handler already.</exception>
    protected void On<T>(Func<TRow?, T, TRow?> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        AddHandler<T>(new((row, e, _, _) => handle(row, (T)e), IsForExisting: false));
    }

    /// <inheritdoc cref="On{T}(Func{TRow, T, TRow})"/>
    protected void On<T>(Func<TRow?, T, EventEnvelope, TRow?> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        AddHandler<T>(new((row, e, envelope, _) => handle(row, (T)e, envelope), IsForExisting: false));
    }

    /// <inheritdoc cref="On{T}(Func{TRow, T, TRow})"/>
    protected void On<T>(Func<TRow?, T, EventEnvelope, ViewRows<TRow>, TRow?> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        AddHandler<T>(new((row, e, envelope, rows) => handle(row, (T)e, envelope, rows), IsForExisting: false, LooksUp: true));
    }

    /// <summary>Handles events of a type whose document exists: where it does not, the view pauses at the event with a <see cref="ViewException"/>.</summary>
    /// <typeparam name="T">A type of the type map.</typeparam>
    /// <param name="handle">Gets the document and returns the new one; null removes it.</param>
    /// <exception cref="ArgumentException">The type has a handler already.</exception>
    protected void OnExisting<T>(Func<TRow, T, TRow?> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        AddHandler<T>(new((row, e, _, _) => handle(row!, (T)e), IsForExisting: true));
    }

    /// <inheritdoc cref="OnExisting{T}(Func{TRow, T, TRow})"/>
    protected void OnExisting<T>(Func<TRow, T, EventEnvelope, TRow?> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        AddHandler<T>(new((row, e, envelope, _) => handle(row!, (T)e, envelope), IsForExisting: true));
    }

    /// <inheritdoc cref="OnExisting{T}(Func{TRow, T, TRow})"/>
    protected void OnExisting<T>(Func<TRow, T, EventEnvelope, ViewRows<TRow>, TRow?> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        AddHandler<T>(new((row, e, envelope, rows) => handle(row!, (T)e, envelope, rows), IsForExisting: true, LooksUp: true));
    }

    internal override void Freeze()
    {
        if (_isFrozen) return;
        if (_handlers.Count == 0) throw new InvalidOperationException($"Projection '{Name}' has no handler. Add at least one in its constructor: On<…>(…).");
        foreach (var type in _handlers.Keys)
            if (_keySource is null && !_keys.ContainsKey(type))
                throw new InvalidOperationException($"Projection '{Name}' handles {type} but does not say which document it belongs to. Add Key<{type.Name}>(…) or Keys<{type.Name}>(…), or KeyIsStream() or KeyIsTag(…) for all events.");
        foreach (var type in _keys.Keys)
            if (!_handlers.ContainsKey(type)) throw new InvalidOperationException($"Projection '{Name}' has a key for {type} but no handler. Add On<{type.Name}>(…), or remove the key.");
        _isFrozen = true;
    }

    internal override IEnumerable<string> Describe(EventTypeMap types)
    {
        yield return $"projection {Name}";
        yield return $"  document {ContractText.Of(Contract)}";
        foreach (var index in _indexes) yield return $"  index {index.Name}";
        yield return $"  key {(_keySource is null ? "per event" : _keySource.ToString())}";
        if (_maxChanges > 0) yield return string.Create(CultureInfo.InvariantCulture, $"  changes {_maxChanges}");
        foreach (var earlier in _earlier.Order(StringComparer.Ordinal)) yield return $"  after {earlier}";
        foreach (var line in EventNames.Describe(_handlers.Keys, types, type => _handlers[type].IsForExisting, _keys.ContainsKey)) yield return line;
    }

    internal override RowFold NewFold(int table) => new RowFold<TRow>(this, table);

    internal RowHandler<TRow> HandlerOf(Type type) => _handlers[type];

    internal KeyRule<TRow> KeyRuleOf(Type type) => _keys.TryGetValue(type, out var rule) ? rule : _keySource!.Rule<TRow>();

    internal TRow Deserialize(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, Contract)!;

    TRow IRowDeclaration<TRow>.Deserialize(ReadOnlySpan<byte> json) => Deserialize(json);

    IReadOnlyList<string> IRowDeclaration<TRow>.IndexNames => [.. _indexes.Select(index => index.Name)];

    int IRowDeclaration<TRow>.MaxChanges => _maxChanges;

    private void SetKeySource(KeySource source)
    {
        ThrowIfFrozen();
        if (_keySource is not null) throw new InvalidOperationException($"Projection '{Name}' has declared its key already: {_keySource}.");
        _keySource = source;
    }

    private void AddKey<T>(KeyRule<TRow> rule)
    {
        ThrowIfFrozen();
        if (!_keys.TryAdd(typeof(T), rule)) throw new ArgumentException($"Projection '{Name}' has a key for {typeof(T)} already.");
    }

    private void AddHandler<T>(RowHandler<TRow> handler)
    {
        ThrowIfFrozen();
        if (!_handlers.TryAdd(typeof(T), handler)) throw new ArgumentException($"Projection '{Name}' handles {typeof(T)} already: an event type has one handler.");
    }

    private void ThrowIfFrozen()
    {
        if (_isFrozen) throw new InvalidOperationException($"Projection '{Name}' is in use: keys, indexes and handlers are declared in its constructor.");
    }
}
