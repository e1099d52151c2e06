using System.Buffers;
using System.Text.Json;
using EventSourcing.Storage;
using EventSourcing.Views.Declaring;

namespace EventSourcing.Views.Folding;

/// <inheritdoc/>
/// <remarks>A write-back cache: a document is read once, changed any number of times, and written once when the transaction is written.</remarks>
internal sealed class RowFold<TRow> : RowFold where TRow : class
{
    // Of a document that was not serialized yet, with its key and the cache's own memory.
    private const int FirstGuess = 256, Overhead = 200;

    // One of so many changed documents is serialized to be measured; the estimate is of about the last so many.
    private const int MeasuredEvery = 64, MeasuredAtMost = 1024;

    private readonly Projection<TRow> _projection;
    private readonly int _table;
    private readonly Dictionary<Type, Rules> _rules = [];
    private readonly Dictionary<string, CachedRow<TRow>> _cache = new(StringComparer.Ordinal);
    private readonly List<CachedRow<TRow>> _unwritten = [];
    private readonly List<Changed> _changes = [];
    private readonly IndexOverlay?[] _overlays;
    private readonly ArrayBufferWriter<byte> _json = new(1024);
    private readonly Utf8JsonWriter _jsonWriter;
    private readonly ViewRows<TRow> _rows;
    private readonly bool _isMutable;
    private IViewWriter _writer = null!;
    private IReadOnlyList<RowFold> _set = [];
    private long _measured, _measuredBytes;
    private int _unmeasured;

    // True while the build has no document that is not in the cache.
    private bool _holdsAll;

    internal RowFold(Projection<TRow> projection, int table)
    {
        (_projection, _table) = (projection, table);
        _overlays = new IndexOverlay?[projection.Indexes.Count];
        _jsonWriter = new(_json, new() { Encoder = projection.Contract.Options.Encoder, SkipValidation = true });
        _rows = new(this);
        _isMutable = MutableDocument.Is(projection.Contract);
        foreach (var type in projection.EventTypes) _rules.Add(type, new(projection.HandlerOf(type), projection.KeyRuleOf(type)));
    }

    internal override Projection Projection => _projection;

    /// <summary>The key that a handler is called for; null outside of one.</summary>
    internal string? CurrentKey { get; private set; }

    internal override int UnwrittenCount => _unwritten.Count;

    internal override long Bytes => _cache.Count * (Overhead + (_measured == 0 ? FirstGuess : 2 * _measuredBytes / _measured));

    internal override void Open(IViewWriter writer, IReadOnlyList<RowFold> set) => (_writer, _set, _holdsAll) = (writer, set, writer.Checkpoint.Position == GlobalPosition.Start);

    /// <summary>Begins without documents and without a build.</summary>
    internal void OpenEmpty() => _holdsAll = true;

    internal override void Forget()
    {
        _cache.Clear();
        _unwritten.Clear();
        _changes.Clear();
        Array.Clear(_overlays);
    }

    internal override void Fold(EventEnvelope envelope)
    {
        if (!_rules.TryGetValue(envelope.Data.GetType(), out var rules)) return;
        try
        {
            if (rules.Key.One is { } one) Apply(one(envelope.Data, envelope), rules.Handler, envelope);
            else
            {
                var keys = rules.Key.Many!(envelope.Data, envelope, _rows) ?? throw new InvalidOperationException("there are no keys: the function returned null, where no key is an empty list");
                // Listed first: a handler must not change what the look-up is still enumerating. An event counts once for each document.
                foreach (var key in keys.Distinct(StringComparer.Ordinal).ToArray()) Apply(key, rules.Handler, envelope);
            }
        }
        catch (Exception e) when (e is not (OutOfMemoryException or ViewException or StoreUnavailableException or StoreCorruptException or StoreFullException))
        {
            throw Failed(envelope, CurrentKey, e);
        }
        finally
        {
            CurrentKey = null;
        }
    }

    internal override void Restart(string key)
    {
        var row = Load(key);
        Change(row, null, [], row.Position);
    }

    internal override void Fold(EventEnvelope envelope, string key)
    {
        if (!_rules.TryGetValue(envelope.Data.GetType(), out var rules)) return;
        try
        {
            Apply(key, rules.Handler, envelope);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or StoreUnavailableException or StoreCorruptException or StoreFullException))
        {
            throw Failed(envelope, key, e);
        }
        finally
        {
            CurrentKey = null;
        }
    }

    internal override void Keep() => _changes.Clear();

    internal override void Undo()
    {
        for (var i = _changes.Count - 1; i >= 0; i--)
        {
            var (row, document, values, position, isUnwritten) = _changes[i];
            Set(row, document, values, position);
            if (isUnwritten) continue;
            // It is the last one: each change before it is undone after it.
            _unwritten.RemoveAt(_unwritten.Count - 1);
            (row.IsUnwritten, row.Values) = (false, []);
        }

        _changes.Clear();
    }

    internal override void Write()
    {
        foreach (var row in _unwritten)
        {
            if (row.Document is not { } document)
            {
                _writer.Remove(_table, row.Key, row.Position);
                continue;
            }

            try
            {
                Serialize(document);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new UnwritableDocumentException(_projection.Name, row.Key, row.Position, e);
            }

            _writer.Put(_table, row.Key, row.Position, _json.WrittenSpan, row.Values);
        }
    }

    internal override void Written(long maxBytes)
    {
        foreach (var row in _unwritten) (row.IsUnwritten, row.Values) = (false, []);
        _unwritten.Clear();
        Array.Clear(_overlays);
        if (Bytes <= maxBytes) return;
        _cache.Clear();
        _holdsAll = false;
    }

    public override void Dispose() => _jsonWriter.Dispose();

    /// <summary>See <see cref="ViewRows{TRow}.Get"/>.</summary>
    internal TRow? Get(string key) => WellFormed.IndexOfLoneSurrogate(key) < 0 ? Load(key).Document : null;

    /// <summary>See <see cref="ViewRows{TRow}.Find"/>.</summary>
    internal IReadOnlyList<string> FindKeys(string index, ViewValue value)
    {
        var i = IndexOf(index);
        var stored = _writer.FindKeys(_table, i, value);
        if (_unwritten.Count == 0) return stored;
        var overlay = _overlays[i] ??= Overlay(i);
        var keys = new SortedSet<string>(stored.Where(key => !_cache.TryGetValue(key, out var row) || !row.IsUnwritten), Utf8Order.Instance);
        keys.UnionWith(overlay.KeysOf(value));
        return [.. keys];
    }

    /// <summary>See <see cref="ViewRows{TRow}.Of"/>.</summary>
    internal ViewRows<TOther> Earlier<TOther>(string projection) where TOther : class
    {
        if (!_projection.Earlier.Contains(projection))
            throw new InvalidOperationException($"projection '{_projection.Name}' reads '{projection}' and does not say so: add After(\"{projection}\") to its constructor and put both into one ViewSet");
        var other = _set.First(fold => fold.Projection.Name == projection);
        return other is RowFold<TOther> fold
            ? fold._rows
            : throw new InvalidOperationException($"the documents of projection '{projection}' are {other.Projection.RowType}, not {typeof(TOther)}");
    }

    private ViewException Failed(EventEnvelope envelope, string? key, Exception error) => new(_projection.Name, envelope.Position, envelope.Type, envelope.StreamId, key, error);

    private int IndexOf(string index)
    {
        for (var i = 0; i < _projection.Indexes.Count; i++)
            if (_projection.Indexes[i].Name == index) return i;
        throw new ArgumentException($"Projection '{_projection.Name}' has no index '{index}'. {(_projection.Indexes.Count == 0 ? "It has none." : $"It has: {string.Join(", ", _projection.Indexes.Select(x => x.Name))}.")}", nameof(index));
    }

    private void Apply(string? key, RowHandler<TRow> handler, EventEnvelope envelope)
    {
        CurrentKey = key;
        if (key is null) throw new InvalidOperationException("the key is null");
        RecordKey.ThrowIfInvalid(key);
        var row = Load(key);
        if (row.Document is null && handler.IsForExisting)
            throw new InvalidOperationException("there is no document of this key, and the handler is declared by OnExisting");
        var document = row.Document is { } given && _isMutable ? HandleMutable(row, given, handler, envelope) : handler.Handle(row.Document, envelope.Data, envelope, _rows);
        if (ReferenceEquals(document, row.Document)) return;
        // Before anything is changed: what throws here is a failure of the event.
        var values = ValuesOf(document);
        if (ChecksDocuments && document is not null) Serialize(document);
        Change(row, document, values, envelope.Position);
        if (document is not null && (_measured == 0 || ++_unmeasured == MeasuredEvery)) Measure(document);
    }

    /// <summary>Calls a handler that is able to change the document that it is given: it must not, as the change would be seen or not, depending on when documents are written.</summary>
    private TRow? HandleMutable(CachedRow<TRow> row, TRow given, RowHandler<TRow> handler, EventEnvelope envelope)
    {
        var before = Bytes(given);
        var isChanged = true;
        try
        {
            var document = handler.Handle(given, envelope.Data, envelope, _rows);
            isChanged = !Bytes(given).AsSpan().SequenceEqual(before);
            return isChanged ? throw new InvalidOperationException("the handler has changed the document that it was given: it must return a new one and leave the given one as it is") : document;
        }
        finally
        {
            if (isChanged) row.Document = _projection.Deserialize(before);
        }

        byte[] Bytes(TRow document)
        {
            Serialize(document);
            return _json.WrittenSpan.ToArray();
        }
    }

    private ViewValue[] ValuesOf(TRow? document)
    {
        if (document is null || _overlays.Length == 0) return [];
        var values = new ViewValue[_overlays.Length];
        for (var i = 0; i < values.Length; i++) values[i] = _projection.Indexes[i].Value(document);
        return values;
    }

    /// <summary>Adds a document to the sample from which the memory of all documents is estimated.</summary>
    private void Measure(TRow document)
    {
        _unmeasured = 0;
        try
        {
            Serialize(document);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It fails again where it is written, unless it is replaced before.
            return;
        }

        // Older documents count less and less.
        if (_measured == MeasuredAtMost) (_measured, _measuredBytes) = (_measured / 2, _measuredBytes / 2);
        _measured++;
        _measuredBytes += _json.WrittenCount;
    }

    private void Serialize(TRow document)
    {
        _json.ResetWrittenCount();
        _jsonWriter.Reset();
        JsonSerializer.Serialize(_jsonWriter, document, _projection.Contract);
        _jsonWriter.Flush();
    }

    private void Change(CachedRow<TRow> row, TRow? document, ViewValue[] values, GlobalPosition position)
    {
        _changes.Add(new(row, row.Document, row.Values, row.Position, row.IsUnwritten));
        Set(row, document, values, position);
    }

    private void Set(CachedRow<TRow> row, TRow? document, ViewValue[] values, GlobalPosition position)
    {
        for (var i = 0; i < _overlays.Length; i++)
        {
            if (_overlays[i] is not { } overlay) continue;
            if (row.Values.Length > 0) overlay.Remove(row.Values[i], row.Key);
            if (values.Length > 0) overlay.Add(values[i], row.Key);
        }

        (row.Document, row.Values, row.Position) = (document, values, position);
        if (row.IsUnwritten) return;
        row.IsUnwritten = true;
        _unwritten.Add(row);
    }

    private CachedRow<TRow> Load(string key)
    {
        if (_cache.TryGetValue(key, out var cached)) return cached;
        var row = new CachedRow<TRow>(key);
        if (!_holdsAll && _writer.TryFind(_table, key, out var json, out var position)) (row.Document, row.Position) = (_projection.Deserialize(json.Span), position);
        _cache.Add(key, row);
        return row;
    }

    private IndexOverlay Overlay(int index)
    {
        var overlay = new IndexOverlay();
        foreach (var row in _unwritten)
            if (row.Values.Length > 0) overlay.Add(row.Values[index], row.Key);
        return overlay;
    }

    private readonly record struct Changed(CachedRow<TRow> Row, TRow? Document, ViewValue[] Values, GlobalPosition Position, bool IsUnwritten);

    private sealed record Rules(RowHandler<TRow> Handler, KeyRule<TRow> Key);
}
