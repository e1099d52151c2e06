using System.Globalization;
using System.Text;
using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Tables;

/// <summary>One table of interned names (streams, types or tags) as one connection sees it, with a bounded cache in both directions. Used by one thread at a time.</summary>
internal sealed class NameTable(Database database, Sql.Names sql)
{
    private const int CachedAtMost = 1 << 16;

    private readonly Dictionary<long, string> _names = [];
    private readonly Dictionary<string, long> _ids = new(StringComparer.Ordinal);
    private readonly Statement _find = database.Prepare(sql.Find);
    private readonly Statement _name = database.Prepare(sql.Name);
    private Statement? _insert;
    private long _nextId;
    private long _lastId;
    private string _lastName = "";

    /// <summary>The id of a name; 0 when it is not interned.</summary>
    internal long Find(string name)
    {
        if (_ids.TryGetValue(name, out var id)) return id;
        return Find(name, out _);
    }

    /// <summary>The id of a name, and its floor, from the table; 0 when it is not interned.</summary>
    internal long Find(string name, out long floor)
    {
        floor = 0;
        if (!_find.Bind(1, name).Step()) return 0;
        var id = _find.Int64(0);
        floor = _find.Int64(1);
        var intact = _find.IsNull(2) || _find.Int64(2) == Checksum.OfName(id, name);
        _find.Reset();
        if (!intact) throw Damaged(id);
        Add(id, name);
        return id;
    }

    /// <summary>The name with an id.</summary>
    /// <exception cref="StoreCorruptException">There is none, or it is not what was stored.</exception>
    internal string Name(long id)
    {
        if (id == _lastId) return _lastName;
        if (!_names.TryGetValue(id, out var name)) name = Load(id);
        (_lastId, _lastName) = (id, name);
        return name;
    }

    /// <summary>The id of a name, interned now where it was not. For the writer, inside its transaction.</summary>
    internal long Intern(string name)
    {
        var id = Find(name);
        return id != 0 ? id : Insert(name);
    }

    /// <summary>Interns a name that is known to be new.</summary>
    internal long Insert(string name)
    {
        _insert ??= database.Prepare(sql.Insert);
        if (_nextId == 0)
        {
            var max = database.Scalar(sql.Max);
            _nextId = max is null ? 1 : long.Parse(max, CultureInfo.InvariantCulture) + 1;
        }

        var id = _nextId++;
        _insert.Bind(1, id).Bind(2, name).Bind(3, Checksum.OfName(id, name)).Run();
        Add(id, name);
        return id;
    }

    /// <summary>Forgets what was cached, for names that may not have been committed.</summary>
    internal void Clear()
    {
        _names.Clear();
        _ids.Clear();
        _lastId = 0;
        _nextId = 0;
    }

    private void Add(long id, string name)
    {
        if (_names.Count >= CachedAtMost)
        {
            _names.Clear();
            _ids.Clear();
        }

        _names[id] = name;
        _ids[name] = id;
    }

    private string Load(long id)
    {
        if (!_name.Bind(1, id).Step()) throw new StoreCorruptException("an event names a row that is not there", $"{sql.Table}, id {id}");
        var bytes = _name.Bytes(0);
        var intact = _name.IsNull(1) || _name.Int64(1) == Checksum.OfName(id, bytes);
        var name = Encoding.UTF8.GetString(bytes);
        _name.Reset();
        if (!intact) throw Damaged(id);
        Add(id, name);
        return name;
    }

    private StoreCorruptException Damaged(long id) => new("the name is not what was stored", $"{sql.Table}, id {id}");
}
