using System.Buffers;
using System.Text.Json;
using EventSourcing.Storage;
using EventSourcing.Views.Folding;

namespace EventSourcing.Views.Tallies;

/// <inheritdoc/>
/// <remarks>Figures are changed in place; a row is serialized once for each write. An event of a key that is in memory allocates nothing here.</remarks>
internal sealed class TallyFold : RowFold
{
    // Of a row with its key, its dimensions and the cache's own memory.
    private const int Overhead = 400;

    private readonly Tally _tally;
    private readonly TallyShape _shape;
    private readonly int _table;
    private readonly Dictionary<Type, ITallyRule[]> _rules;
    private readonly Dictionary<string, TallyCell> _cells = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TallyCell>.AlternateLookup<ReadOnlySpan<char>> _byKey;
    private readonly List<TallyCell> _unwritten = [];
    private readonly List<Change> _changes = [];
    private readonly TallyKey _key = new();
    private readonly ViewValue[] _values;
    private readonly ArrayBufferWriter<byte> _json = new(1024);
    private readonly Utf8JsonWriter _jsonWriter;
    private IViewWriter _writer = null!;
    private string? _currentKey;

    // True while the build has no row that is not in memory.
    private bool _holdsAll;

    internal TallyFold(Tally tally, int table)
    {
        (_tally, _shape, _table) = (tally, tally.Shape, table);
        _rules = tally.Rules.GroupBy(rule => rule.EventType).ToDictionary(rules => rules.Key, rules => rules.ToArray());
        _byKey = _cells.GetAlternateLookup<ReadOnlySpan<char>>();
        _values = new ViewValue[_shape.Columns.Count];
        Dimensions = new ViewValue[_shape.Dimensions.Length];
        _jsonWriter = new(_json, new() { SkipValidation = true });
    }

    internal override Projection Projection => _tally;

    /// <summary>Where a rule puts the values of the dimensions before it asks for the row.</summary>
    internal ViewValue[] Dimensions { get; }

    internal override int UnwrittenCount => _unwritten.Count;

    internal override long Bytes => (long)_cells.Count * (Overhead + (24 * _shape.Columns.Count));

    internal override void Open(IViewWriter writer, IReadOnlyList<RowFold> set) => (_writer, _holdsAll) = (writer, writer.Checkpoint.Position == GlobalPosition.Start);

    internal override void Forget()
    {
        _cells.Clear();
        _unwritten.Clear();
        _changes.Clear();
    }

    /// <summary>Begins without rows and without a build.</summary>
    internal void OpenEmpty() => _holdsAll = true;

    /// <summary>The rows in memory, in order of their keys' UTF-8.</summary>
    internal IReadOnlyList<TallyRow> Rows() =>
        [.. _cells.Values.Where(cell => cell.Position != GlobalPosition.Start).OrderBy(cell => cell.Key, Utf8Order.Instance).Select(cell => new TallyRow(_shape, cell.Dimensions, [.. cell.Figures.Select(ExactDecimal.Normalize)]))];

    internal override void Fold(EventEnvelope envelope)
    {
        if (!_rules.TryGetValue(envelope.Data.GetType(), out var rules)) return;
        _currentKey = null;
        try
        {
            foreach (var rule in rules) rule.Fold(envelope, this);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or StoreUnavailableException or StoreCorruptException or StoreFullException))
        {
            throw new ViewException(_tally.Name, envelope.Position, envelope.Type, envelope.StreamId, _currentKey, e);
        }
    }

    internal override void Restart(string key) => throw NotByKey();

    internal override void Fold(EventEnvelope envelope, string key) => throw NotByKey();

    /// <summary>The row of <see cref="Dimensions"/>, for an event at a position.</summary>
    internal TallyCell Touch(GlobalPosition position)
    {
        _currentKey = null;
        var key = _key.Write(Dimensions);
        if (!_byKey.TryGetValue(key, out var cell)) cell = Load(key.ToString());
        _currentKey = cell.Key;
        for (var i = 0; i < Dimensions.Length; i++)
            if (cell.Dimensions[i].Kind != Dimensions[i].Kind)
                throw new InvalidOperationException($"dimension '{_shape.Dimensions[i]}' is a text for some events and an integer for others");
        _changes.Add(new(cell, -1, null, cell.Position));
        cell.Position = position;
        if (cell.IsUnwritten) return cell;
        cell.IsUnwritten = true;
        _unwritten.Add(cell);
        return cell;
    }

    /// <summary>Puts a value to a figure.</summary>
    internal void Apply(TallyCell cell, int place, decimal value)
    {
        ref readonly var figure = ref _shape.Figures[place];
        var before = cell.Figures[place];
        try
        {
            cell.Figures[place] = figure.With(before, value);
        }
        catch (OverflowException e)
        {
            throw new OverflowException($"figure '{figure.Name}', a {figure}, is {before ?? 0}, and {value} cannot be put to it: {e.Message}", e);
        }

        _changes.Add(new(cell, place, before, default));
    }

    internal override void Keep() => _changes.Clear();

    internal override void Undo()
    {
        for (var i = _changes.Count - 1; i >= 0; i--)
        {
            var (cell, place, before, position) = _changes[i];
            if (place < 0) cell.Position = position;
            else cell.Figures[place] = before;
        }

        _changes.Clear();
    }

    internal override void Write()
    {
        foreach (var cell in _unwritten)
        {
            // Its only event failed, so there is no row.
            if (cell.Position == GlobalPosition.Start) continue;
            _json.ResetWrittenCount();
            _jsonWriter.Reset();
            TallyJson.Write(_jsonWriter, _shape, cell.Dimensions, cell.Figures);
            _jsonWriter.Flush();
            cell.Dimensions.CopyTo(_values.AsSpan());
            for (var i = 0; i < cell.Figures.Length; i++) _values[cell.Dimensions.Length + i] = IndexOf(cell.Figures[i], _shape.Figures[i].IsWhole);
            _writer.Put(_table, cell.Key, cell.Position, _json.WrittenSpan, _values);
        }
    }

    internal override void Written(long maxBytes)
    {
        foreach (var cell in _unwritten) cell.IsUnwritten = false;
        _unwritten.Clear();
        if (Bytes <= maxBytes) return;
        _cells.Clear();
        _holdsAll = false;
    }

    public override void Dispose() => _jsonWriter.Dispose();

    private static ViewValue IndexOf(decimal? figure, bool isWhole) => figure is { } number && isWhole ? ViewValue.Of((long)number) : figure;

    private TallyCell Load(string key)
    {
        RecordKey.ThrowIfInvalid(key);
        TallyCell cell;
        if (!_holdsAll && _writer.TryFind(_table, key, out var json, out var position))
        {
            var (dimensions, figures) = TallyJson.Read(json.Span, _shape);
            cell = new(key, dimensions, figures) { Position = position };
        }
        else
        {
            cell = new(key, [.. Dimensions], [.. _shape.Figures.Select(figure => figure.Initial)]);
        }

        _cells.Add(key, cell);
        return cell;
    }

    private NotSupportedException NotByKey() => new($"Tally '{_tally.Name}' is not folded by key.");

    private readonly record struct Change(TallyCell Cell, int Place, decimal? Before, GlobalPosition Position);
}
