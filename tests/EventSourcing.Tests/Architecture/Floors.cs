namespace EventSourcing.Tests.Architecture;

/// <summary>The floors of the core, from the ground up: a type names types of its own floor and of lower ones only.</summary>
internal static class Floors
{
    private static readonly Dictionary<string, int> s_byNamespace = new()
    {
        ["EventSourcing.Storage"] = 0,
        ["EventSourcing.Serialization"] = 0,
        ["EventSourcing.InMemory"] = 0,
        ["EventSourcing"] = 1,
        ["EventSourcing.Aggregates"] = 2,
        ["EventSourcing.Commands"] = 2,
        ["EventSourcing.Subscriptions"] = 3,
        ["EventSourcing.Bus"] = 3,
        ["EventSourcing.Relaying"] = 3,
        ["EventSourcing.Projections"] = 4,
        ["EventSourcing.Replaying"] = 4,
        ["EventSourcing.DependencyInjection"] = 5,
    };

    // Nouns of the root namespace that are neither value types nor exceptions.
    private static readonly HashSet<Type> s_nouns = [typeof(AppendCondition), typeof(EventMetadata), typeof(Tracking)];

    /// <summary>The floor of a namespace, machinery below it included; null where the design gives it none.</summary>
    internal static int? Of(string? name)
    {
        if (name is null) return null;
        if (s_byNamespace.TryGetValue(name, out var floor)) return floor;
        return name.EndsWith(".Internal", StringComparison.Ordinal) ? Of(name[..^".Internal".Length]) : null;
    }

    /// <summary>The floor of a type of the core. The value nouns and the exceptions of the root namespace are on the ground.</summary>
    internal static int? Of(Type type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        var isNoun = type.Namespace == "EventSourcing"
            && (type.IsValueType || type.IsAssignableTo(typeof(Exception)) || s_nouns.Contains(type));
        return isNoun ? 0 : Of(type.Namespace);
    }
}
