using System.Text.Json;
using EventSourcing.Views.Declaring;

namespace EventSourcing.Views.Serving;

/// <summary>Decodes stored documents.</summary>
internal static class RowDecoder
{
    /// <exception cref="StoreCorruptException">It is no document of the projection.</exception>
    internal static TRow Decode<TRow>(IRowDeclaration<TRow> projection, string key, ReadOnlySpan<byte> json) where TRow : class
    {
        try
        {
            return projection.Deserialize(json);
        }
        catch (JsonException e)
        {
            throw new StoreCorruptException("the document cannot be read. Rebuild the view", $"projection '{projection.Name}', key '{key}'", e);
        }
    }
}
