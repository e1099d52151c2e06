using EventSourcing.Storage;
using EventSourcing.Views.Declaring;

namespace EventSourcing.Views.Serving;

/// <summary>Finds a projection by its name or by its document.</summary>
internal static class ProjectionLookup
{
    /// <exception cref="ArgumentException">There is no such projection, or there are several.</exception>
    internal static (ViewSet Set, IRowDeclaration<TRow> Projection, int Table) Find<TRow>(IReadOnlyList<ViewSet> sets, string? name) where TRow : class
    {
        var all = sets.SelectMany(set => set.Projections.Select((projection, table) => (Set: set, Projection: projection, Table: table))).ToList();
        var found = all.Where(p => name is null ? p.Projection is IRowDeclaration<TRow> : p.Projection.Name == name).ToList();
        if (found is [var (set, projection, table)])
        {
            return projection is IRowDeclaration<TRow> typed
                ? (set, typed, table)
                : projection is TableProjection
                ? throw new ArgumentException($"Projection '{projection.Name}' has tables of its own and no documents: read it by SQL.", nameof(name))
                : throw new ArgumentException($"The documents of projection '{projection.Name}' are {projection.RowType}, not {typeof(TRow)}.", nameof(name));
        }

        var known = string.Join(", ", all.Select(p => p.Projection.Name));
        if (name is not null) throw new ArgumentException($"There is no projection '{name}'. There are: {known}.", nameof(name));
        throw new ArgumentException(
            found.Count == 0
                ? $"No projection has the document {typeof(TRow)}. There are: {known}."
                : $"Several projections have the document {typeof(TRow)}: {string.Join(", ", found.Select(p => p.Projection.Name))}. Name one.",
            nameof(name));
    }
}
