using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tables;

/// <summary>The event types and tag rules of this process's type maps, by type. They are kept in the file, where every process finds them.</summary>
/// <remarks>
/// A file's rules only grow: a process with an older version of the application, which lacks a rule, removes none that a newer one has stored. More tags than a map asks for make a condition
/// stricter; fewer would let it pass. A rule is removed by <see cref="Remove"/> alone.
/// </remarks>
internal sealed class TagRuleSet
{
    private readonly Lock _lock = new();
    private Dictionary<string, TagRule[]> _wanted = new(StringComparer.Ordinal);
    private volatile int _version, _storedVersion;

    /// <summary>Grows with what is wanted.</summary>
    internal int Version => _version;

    /// <summary>True when a write of this process has brought what is wanted into the file.</summary>
    internal bool AreStored => _storedVersion == _version;

    /// <summary>What was wanted at a version is in the file.</summary>
    internal void MarkStored(int version)
    {
        lock (_lock) _storedVersion = Math.Max(version, _storedVersion);
    }

    private Dictionary<string, TagRule[]> Wanted
    {
        get
        {
            lock (_lock) return _wanted;
        }
    }

    /// <summary>The rules of some types, in place of what was wanted for these types before.</summary>
    internal void Add(IReadOnlyCollection<EventType> types)
    {
        lock (_lock)
        {
            var wanted = new Dictionary<string, TagRule[]>(_wanted, StringComparer.Ordinal);
            foreach (var type in types)
                foreach (var name in type.Aliases.Prepend(type.Name))
                    wanted[name] = [.. type.TagRules];
            _wanted = wanted;
            _version++;
        }
    }

    /// <summary>The types with a rule that the file lacks.</summary>
    internal List<string> MissingFrom(Database database)
    {
        var stored = Read(database);
        return [.. Wanted.Where(wanted => Array.Exists(wanted.Value, rule => !Has(stored, wanted.Key, rule))).Select(wanted => wanted.Key)];
    }

    /// <summary>What a verification says of a type whose rules are missing.</summary>
    internal static IntegrityIssue IssueOf(string type) => new("a tag rule of this process's type map is missing", $"es_tag_rules, type '{type}'");

    /// <summary>Adds the types and rules that the file lacks and returns all of its rules. Inside the writer's transaction.</summary>
    internal Dictionary<string, List<TagRule>> Store(Database database)
    {
        foreach (var type in UnknownTo(database))
        {
            using var insert = database.PrepareOnce(Sql.InsertKnownType);
            insert.Bind(1, type).Run();
        }

        var stored = Read(database);
        foreach (var (type, rules) in Wanted)
        {
            foreach (var rule in rules)
            {
                if (Has(stored, type, rule)) continue;
                using var put = database.PrepareOnce(Sql.PutTagRule);
                put.Bind(1, type).Bind(2, rule.Tag).Bind(3, rule.Property);
                if (rule.IgnoresCase) put.Bind(4, 1);
                else put.BindNull(4);
                put.Run();
                var ofType = RulesOf(stored, type);
                ofType.RemoveAll(r => IsSameProperty(r, rule));
                ofType.Add(rule);
            }
        }

        return stored;
    }

    /// <summary>Removes a rule of a type; false when there is none. A map of this process does not store it again. Inside the writer's transaction.</summary>
    internal bool Remove(Database database, string type, string tag, string property)
    {
        lock (_lock)
        {
            if (_wanted.TryGetValue(type, out var rules))
                _wanted = new(_wanted, StringComparer.Ordinal) { [type] = Array.FindAll(rules, r => r.Tag != tag || r.Property != property) };
        }

        using var remove = database.PrepareOnce(Sql.RemoveTagRule);
        remove.Bind(1, type).Bind(2, tag).Bind(3, property).Run();
        return database.Changes > 0;
    }

    private List<string> UnknownTo(Database database)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        database.ForEach(Sql.KnownTypes, row => known.Add(row.Text(0)));
        return [.. Wanted.Keys.Where(type => !known.Contains(type))];
    }

    private static Dictionary<string, List<TagRule>> Read(Database database)
    {
        var rules = new Dictionary<string, List<TagRule>>(StringComparer.Ordinal);
        database.ForEach(Sql.TagRules, row => RulesOf(rules, row.Text(0)).Add(new(row.Text(1), row.Text(2)) { IgnoresCase = row.Int64(3) == 1 }));
        return rules;
    }

    private static List<TagRule> RulesOf(Dictionary<string, List<TagRule>> rules, string type)
    {
        if (!rules.TryGetValue(type, out var ofType)) rules[type] = ofType = [];
        return ofType;
    }

    // A rule that ignores case finds all that the other finds.
    private static bool Has(Dictionary<string, List<TagRule>> stored, string type, TagRule rule) =>
        stored.TryGetValue(type, out var rules) && rules.Exists(r => IsSameProperty(r, rule) && (r.IgnoresCase || !rule.IgnoresCase));

    private static bool IsSameProperty(TagRule left, TagRule right) => left.Tag == right.Tag && left.Property == right.Property;
}
