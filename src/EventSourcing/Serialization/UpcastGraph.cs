namespace EventSourcing.Serialization;

/// <summary>Which CLR types the stored events of each entry read as, where that is not the entry's own type alone. Created once, with the map; refuses chains that lead nowhere.</summary>
internal sealed class UpcastGraph
{
    private readonly Dictionary<EventType, HashSet<Type>> _outputs = [];
    private readonly Dictionary<Type, string[]> _names = [];
    private readonly Dictionary<Type, EventType> _retired = [];

    /// <exception cref="UpcastChainException">An upcaster leads to a type without an entry, or to a type that leads back.</exception>
    internal UpcastGraph(IReadOnlyCollection<EventType> types, IReadOnlyDictionary<Type, EventType> byClrType)
    {
        foreach (var type in types)
        {
            foreach (var step in type.Upcasters) ThrowIfUnknown(type, $"{type.Name} {step.From}", step.Into, byClrType);
            if (type.UpcastTo is { } whole) ThrowIfUnknown(type, type.Name, whole.Into, byClrType);
        }

        foreach (var type in types)
        {
            ThrowIfCycle(type, [], byClrType);
            foreach (var step in type.Upcasters)
                if (step.OldType is { } old && !byClrType.ContainsKey(old)) _retired.TryAdd(old, type);
        }

        foreach (var type in types)
            if (type.UpcastTo is not null || type.Upcasters.Any(step => step.Many is not null)) _outputs.Add(type, OutputsOf(type, byClrType));
        foreach (var target in _outputs.Values.SelectMany(outputs => outputs).Distinct())
            _names.Add(target, [.. types.Where(type => MayReadAs(type, target)).OrderBy(type => type.ClrType != target).SelectMany(type => type.Names)]);
    }

    /// <summary>True when every stored event of every entry reads as the entry's type.</summary>
    internal bool IsEmpty => _outputs.Count == 0;

    /// <summary>True when every stored event of an entry reads as one of these types.</summary>
    internal bool ReadsOnlyAs(EventType type, IReadOnlyCollection<Type> clrTypes) =>
        _outputs.TryGetValue(type, out var outputs) ? outputs.All(clrTypes.Contains) : clrTypes.Contains(type.ClrType);

    /// <summary>The types that the stored events of an entry read as.</summary>
    internal IEnumerable<Type> TypesOf(EventType type) => _outputs.TryGetValue(type, out var outputs) ? outputs : [type.ClrType];

    /// <summary>The stored names of the events that may read as the type of an entry.</summary>
    internal IEnumerable<string> NamesOf(EventType type) => _names.TryGetValue(type.ClrType, out var names) ? names : type.Names;

    /// <summary>The entry whose older events a CLR type without an entry describes; null for none.</summary>
    internal EventType? EntryOfOlder(Type clrType) => _retired.GetValueOrDefault(clrType);

    /// <summary>True when a stored event of an entry may read as a type.</summary>
    internal bool MayReadAs(EventType type, Type target) => _outputs.TryGetValue(type, out var outputs) ? outputs.Contains(target) : type.ClrType == target;

    private static void ThrowIfUnknown(EventType type, string from, IReadOnlyList<Type> into, IReadOnlyDictionary<Type, EventType> byClrType)
    {
        if (into.FirstOrDefault(t => !byClrType.ContainsKey(t)) is { } missing)
            throw new UpcastChainException(type.Name, from, ContractCheck.NameOf(missing), $"{ContractCheck.NameOf(missing)} has no entry in the map. Add it: map.Add<{ContractCheck.NameOf(missing)}>(\"…\")");
    }

    private static void ThrowIfCycle(EventType type, List<EventType> path, IReadOnlyDictionary<Type, EventType> byClrType)
    {
        if (type.UpcastTo is not { } whole) return;
        path.Add(type);
        foreach (var next in whole.Into.Select(t => byClrType[t]))
        {
            if (path.Contains(next))
                throw new UpcastChainException(type.Name, type.Name, next.Name, $"the upcasters lead in a cycle: {string.Join(" → ", path.SkipWhile(t => t != next).Append(next).Select(t => $"'{t.Name}'"))}. One of the types must be read as it is");
            ThrowIfCycle(next, path, byClrType);
        }

        path.Remove(type);
    }

    private static HashSet<Type> OutputsOf(EventType type, IReadOnlyDictionary<Type, EventType> byClrType)
    {
        var outputs = new HashSet<Type>();
        Add(type);
        foreach (var target in type.Upcasters.SelectMany(step => step.Into)) Add(byClrType[target]);
        return outputs;

        void Add(EventType next)
        {
            if (next.UpcastTo is not { } whole) outputs.Add(next.ClrType);
            else foreach (var target in whole.Into) Add(byClrType[target]);
        }
    }
}
