using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Projections that run together: one name, one version, one checkpoint, one place. A projection that is not put into a set is a set of its own, with its name and version. Immutable.</summary>
public sealed class ViewSet
{
    /// <summary>Puts projections into a set.</summary>
    /// <param name="name">1 to 100 lower-case ASCII letters, digits and dashes; unique among the sets of a store.</param>
    /// <param name="version">1 or more. Increase it when a projection of the set changes.</param>
    /// <param name="projections">At least one; a projection that reads another one comes after it. Each instance belongs to one set.</param>
    /// <exception cref="ArgumentException">A name is not valid or used twice, the version is below 1, or a projection reads one that does not come before it.</exception>
    /// <exception cref="InvalidOperationException">A projection has no handler, or does not say which document an event belongs to.</exception>
    public ViewSet(string name, int version, params IReadOnlyList<Projection> projections)
    {
        ViewNames.ThrowIfInvalidSet(name, nameof(name));
        if (version < 1) throw new ArgumentOutOfRangeException(nameof(version), version, $"View set '{name}' needs a version: 1 for the first, one more whenever a projection of it changes.");
        ArgumentNullException.ThrowIfNull(projections);
        if (projections.Count == 0) throw new ArgumentException($"View set '{name}' has no projection.", nameof(projections));
        (Name, Version, Projections) = (name, version, [.. projections]);
        var earlier = new HashSet<string>(StringComparer.Ordinal);
        foreach (var projection in Projections)
        {
            ArgumentNullException.ThrowIfNull(projection, nameof(projections));
            if (projection.Earlier.FirstOrDefault(other => !earlier.Contains(other)) is { } missing)
                throw new ArgumentException($"Projection '{projection.Name}' reads '{missing}', which does not come before it in view set '{name}'.", nameof(projections));
            if (!earlier.Add(projection.Name)) throw new ArgumentException($"View set '{name}' has two projections '{projection.Name}'.", nameof(projections));
            if (Projections.OfType<TableProjection>().FirstOrDefault(other => projection.Earlier.Contains(other.Name)) is { } tables)
                throw new ArgumentException($"Projection '{projection.Name}' reads '{tables.Name}', which has tables of its own and no documents to look up.", nameof(projections));
            projection.Freeze();
        }

        ThrowIfNamedTwice();
    }

    /// <summary>A set of one projection.</summary>
    /// <param name="projection">The projection; name and version are its own.</param>
    /// <exception cref="InvalidOperationException">The projection has no handler, or does not say which document an event belongs to.</exception>
    public ViewSet(Projection projection) : this((projection ?? throw new ArgumentNullException(nameof(projection))).Name, projection.Version, [projection])
    {
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The version, 1 or more.</summary>
    public int Version { get; }

    /// <summary>The projections, in the order in which they handle an event.</summary>
    public IReadOnlyList<Projection> Projections { get; }

    /// <summary>When the projections handle events. <see cref="ViewMode.Async"/> by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mode.</exception>
    /// <exception cref="NotSupportedException">It is <see cref="ViewMode.Live"/>, and a document of a projection cannot be computed from the events of its key alone: the key is not declared by <see cref="Projection{TRow}.KeyIsStream"/> or <see cref="Projection{TRow}.KeyIsTag"/>, or handlers look other documents up. Or it is <see cref="ViewMode.Inline"/>, and a projection has tables of its own or keeps changes.</exception>
    public ViewMode Mode
    {
        get;
        init
        {
            if (!Enum.IsDefined(value)) throw new ArgumentOutOfRangeException(nameof(value), value, $"View set '{Name}' has no such mode.");
            foreach (var projection in value == ViewMode.Async ? [] : Projections)
                if ((value == ViewMode.Live ? projection.NotLive : projection.NotInline) is { } reason)
                    throw new NotSupportedException($"Projection '{projection.Name}' of view set '{Name}' cannot be {(value == ViewMode.Live ? "live" : "inline")}: {reason}.");
            field = value;
        }
    }

    /// <summary>The name of the subscription that runs the set, in <see cref="EventBus.Subscriptions"/>, <see cref="EventBus.StateChanged"/> and metrics: <c>view:order-list.v2</c>.</summary>
    public string SubscriptionName => $"view:{this}";

    /// <summary>Name and version: <c>order-list.v2</c>.</summary>
    public override string ToString() => $"{Name}.v{Version}";

    /// <summary>A set of one projection.</summary>
    /// <param name="projection">The projection; name and version are its own.</param>
    public static implicit operator ViewSet(Projection projection) => new(projection);

    /// <summary>What it stores: a table for each projection, in their order. For tools that open a build (<see cref="IViewStorage.Open"/>).</summary>
    public IReadOnlyList<ViewTable> Tables => [.. Projections.Select(projection => projection.Table)];

    /// <summary>The events that its projections handle.</summary>
    internal EventQuery Query => EventQuery.Of([.. Projections.SelectMany(p => p.EventTypes).Distinct()]);

    /// <summary>The compiled code of the projections, their documents and their events: a build that was interrupted is continued by the same code only.</summary>
    internal string Code => string.Join(',', Projections.SelectMany(p => p.EventTypes.Append(p.GetType()).Append(p.RowType)).Select(type => type.Module.ModuleVersionId).Distinct().Order());

    private void ThrowIfNamedTwice()
    {
        var owners = Projections.Where(projection => projection is not TableProjection).ToDictionary(projection => projection.Name, projection => projection.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var projection in Projections.OfType<TableProjection>())
            foreach (var name in projection.Tables.Names)
                if (!owners.TryAdd(name, projection.Name)) throw new ArgumentException($"Projections '{owners[name]}' and '{projection.Name}' of view set '{Name}' both make '{name}'. Rename one, or put them into two sets.");
    }

    /// <summary>The declaration in its canonical form.</summary>
    internal string Describe(EventTypeMap types)
    {
        var lines = Projections.SelectMany(p => p.Describe(types));
        return string.Join('\n', Mode == ViewMode.Inline ? lines.Prepend("mode inline") : lines);
    }
}
