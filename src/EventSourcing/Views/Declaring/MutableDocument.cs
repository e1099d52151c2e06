using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Views.Declaring;

/// <summary>Tells documents that a handler is able to change from those that it can only replace.</summary>
internal static class MutableDocument
{
    private static readonly Type[] s_collections = [typeof(List<>), typeof(Dictionary<,>), typeof(HashSet<>), typeof(SortedDictionary<,>), typeof(SortedSet<>)];

    /// <summary>True where a property can be set, or is a collection that can be changed. Only the document's own properties are looked at.</summary>
    internal static bool Is(JsonTypeInfo contract) => contract.Kind != JsonTypeInfoKind.Object || contract.Properties.Any(property => property.Get is not null && (CanChange(property.PropertyType) || CanBeSet(property)));

    private static bool CanChange(Type type) => type.IsArray || (type.IsGenericType && s_collections.Contains(type.GetGenericTypeDefinition()));

    private static bool CanBeSet(JsonPropertyInfo property) => property.AttributeProvider switch
    {
        PropertyInfo { SetMethod: { IsPublic: true } set } => !set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)),
        FieldInfo field => !field.IsInitOnly,
        _ => false,
    };
}
