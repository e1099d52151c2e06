using EventSourcing.Serialization;

namespace EventSourcing.Sqlite.Internal;

/// <summary>The tag rules that the type maps of this process ask for, by type. They are kept in the file, where every process finds them to seal by.</summary>
internal sealed class TagRuleSet
{
    private readonly Lock _gate = new();
    private Dictionary<string, TagRule[]> _wanted = new(StringComparer.Ordinal);
    private volatile int _version, _storedVersion;

    /// <summary>Grows with what is wanted.</summary>
    internal int Version => _version;

    /// <summary>True when a write of this process has brought what is wanted into the file.</summary>
    internal bool AreStored => _storedVersion == _version;

    /// <summary>What was wanted at a version is in the file.</summary>
    internal void MarkStored(int version)
    {
        lock (_gate) _storedVersion = Math.Max(version, _storedVersion);
    }

    /// <summary>The rules of some types, in place of what was wanted for these types before.</summary>
    internal void Add(IReadOnlyCollection<EventType> types)
    {
        lock (_gate)
        {
            var wanted = new Dictionary<string, TagRule[]>(_wanted, StringComparer.Ordinal);
            foreach (var type in types)
                foreach (var name in type.Aliases.Prepend(type.Name))
                    wanted[name] = [.. type.TagRules];
            _wanted = wanted;
            _version++;
        }
    }

    /// <summary>The types whose rules in the file are not those that are wanted.</summary>
    internal List<string> DifferingFrom(Database database)
    {
        var stored = Read(database);
        return [.. Wanted.Where(wanted => !IsSame(stored.GetValueOrDefault(wanted.Key), wanted.Value)).Select(wanted => wanted.Key)];
    }

    /// <summary>What a verification says of a type whose rules differ.</summary>
    internal static VerificationFinding Finding(string type) => new("the tag rules are not those of this process's type map", $"es_tag_rules, type '{type}'");

    /// <summary>Brings the file's rules up to what is wanted and returns all of them. Inside the writer's transaction.</summary>
    internal Dictionary<string, List<TagRule>> Store(Database database)
    {
        var stored = Read(database);
        foreach (var (type, rules) in Wanted)
        {
            if (IsSame(stored.GetValueOrDefault(type), rules)) continue;
            using var remove = database.PrepareOnce(Sql.RemoveTagRules);
            remove.Bind(1, type).Run();
            using var insert = database.PrepareOnce(Sql.InsertTagRule);
            foreach (var rule in rules.Distinct()) insert.Bind(1, type).Bind(2, rule.Tag).Bind(3, rule.Property).Run();
            stored[type] = [.. rules];
        }

        return stored;
    }

    private Dictionary<string, TagRule[]> Wanted
    {
        get
        {
            lock (_gate) return _wanted;
        }
    }

    private static Dictionary<string, List<TagRule>> Read(Database database)
    {
        var rules = new Dictionary<string, List<TagRule>>(StringComparer.Ordinal);
        using var rows = database.PrepareOnce(Sql.TagRules);
        while (rows.Step())
        {
            if (!rules.TryGetValue(rows.Text(0), out var ofType)) rules[rows.Text(0)] = ofType = [];
            ofType.Add(new(rows.Text(1), rows.Text(2)));
        }

        return rules;
    }

    private static bool IsSame(List<TagRule>? stored, TagRule[] wanted) =>
        stored is null ? wanted.Length == 0 : stored.ToHashSet().SetEquals(wanted);
}
