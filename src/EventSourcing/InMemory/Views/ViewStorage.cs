using System.Collections.Concurrent;
using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <summary>Views in memory, for a log in memory.</summary>
internal sealed class ViewStorage : IViewStorage
{
    private readonly ConcurrentDictionary<ViewBuildId, ViewContent> _builds = new();

    public IReadOnlyList<ViewBuildId> FindBuilds() => [.. _builds.Keys.Order()];

    public IViewBuild Create(ViewBuildId id, Guid logId, IReadOnlyList<ViewTable> tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        var content = new ViewContent(id, logId, [.. tables]);
        if (!_builds.TryAdd(id, content)) throw new InvalidOperationException($"Build '{id}' of a view exists already.");
        return new ViewBuild(content);
    }

    public IViewBuild? Open(ViewBuildId id, IReadOnlyList<ViewTable> tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        return Find(id, tables) is { } content ? new ViewBuild(content) : null;
    }

    /// <summary>What a build holds; null when it has no place.</summary>
    internal ViewContent? Find(ViewBuildId id, IReadOnlyList<ViewTable> tables)
    {
        if (!_builds.TryGetValue(id, out var content)) return null;
        if (content.Tables.Count == tables.Count && content.Tables.Zip(tables).All(pair => pair.First.Name == pair.Second.Name && pair.First.Indexes.SequenceEqual(pair.Second.Indexes) && (pair.First.MaxChanges > 0) == (pair.Second.MaxChanges > 0))) return content;
        throw new StoreCorruptException("it has other tables or indexes than were asked for", $"build '{id}' of a view");
    }

    public bool TryRemove(ViewBuildId id)
    {
        if (_builds.TryRemove(id, out var content)) content.Remove();
        return true;
    }

    public string? PathOf(ViewBuildId id) => null;
}
