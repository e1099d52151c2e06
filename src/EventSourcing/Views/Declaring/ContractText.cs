using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Views.Declaring;

/// <summary>The form of a JSON contract as text: names, JSON kinds and nullability, independent of CLR names and of the runtime's version.</summary>
internal static class ContractText
{
    internal static string Of(JsonTypeInfo contract)
    {
        var text = new StringBuilder();
        Write(contract, text, []);
        return text.ToString();
    }

    private static void Write(JsonTypeInfo contract, StringBuilder text, List<Type> open)
    {
        if (contract.Kind == JsonTypeInfoKind.None)
        {
            text.Append(KindOf(contract.Type));
            return;
        }

        // A type within itself is named by its depth.
        if (open.IndexOf(contract.Type) is var depth and >= 0)
        {
            text.Append('^').Append(open.Count - depth);
            return;
        }

        open.Add(contract.Type);
        if (contract.Kind == JsonTypeInfoKind.Object) WriteObject(contract, text, open);
        else
        {
            text.Append(contract.Kind == JsonTypeInfoKind.Dictionary ? "map of " : "list of ");
            Write(contract.Options.GetTypeInfo(contract.ElementType!), text, open);
        }

        open.RemoveAt(open.Count - 1);
    }

    private static void WriteObject(JsonTypeInfo contract, StringBuilder text, List<Type> open)
    {
        text.Append('{');
        var isFirst = true;
        foreach (var property in contract.Properties.Where(p => p.Get is not null).OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            if (!isFirst) text.Append(", ");
            isFirst = false;
            text.Append(property.Name).Append(": ");
            var inner = Nullable.GetUnderlyingType(property.PropertyType);
            if (property.CustomConverter is not null) text.Append("custom");
            else Write(contract.Options.GetTypeInfo(inner ?? property.PropertyType), text, open);
            if (inner is not null || (!property.PropertyType.IsValueType && property.IsGetNullable)) text.Append('?');
        }

        text.Append('}');
    }

    private static string KindOf(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(bool)) return "boolean";
        if (type.IsEnum) return "enum";
        if (type == typeof(decimal) || type == typeof(double) || type == typeof(float) || type == typeof(Half)) return "number";
        if (type == typeof(int) || type == typeof(long) || type == typeof(short) || type == typeof(byte) || type == typeof(uint) || type == typeof(ulong)
            || type == typeof(ushort) || type == typeof(sbyte) || type == typeof(Int128) || type == typeof(UInt128)) return "integer";
        if (type == typeof(object)) return "any";
        return "string";
    }
}
