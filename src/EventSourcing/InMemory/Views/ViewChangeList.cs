using System.Collections.Immutable;
using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <summary>The last changes of the documents of one projection, in order. Immutable.</summary>
/// <param name="Max">How many are kept; 0 where the projection keeps none.</param>
/// <param name="Kept">Those that are kept.</param>
internal sealed record ViewChangeList(int Max, ImmutableList<StoredViewChange> Kept)
{
    internal ViewChangePlace Last => Kept.IsEmpty ? default : Kept[^1].Place;

    internal IEnumerable<StoredViewChange> From(long ordinal)
    {
        if (Kept.IsEmpty) yield break;
        for (var i = Math.Max(ordinal, Kept[0].Place.Ordinal) - Kept[0].Place.Ordinal; i < Kept.Count; i++) yield return Kept[(int)i];
    }

    /// <summary>The list with the changes of a transaction, without those that are too many.</summary>
    internal ViewChangeList With(IReadOnlyList<StoredViewChange> added)
    {
        if (added.Count == 0) return this;
        var all = Kept.AddRange(added);
        return this with { Kept = all.RemoveRange(0, Math.Max(0, all.Count - Max)) };
    }
}
