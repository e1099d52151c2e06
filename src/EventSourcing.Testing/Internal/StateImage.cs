using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace EventSourcing.Testing.Internal;

/// <summary>The values that an object holds at one time, by path: two images show whether a mutable state has changed, and where.</summary>
/// <remarks>Reads the fields of the application's own types, and the elements of collections. Other types of the framework, delegates for example, are left out.</remarks>
internal sealed class StateImage
{
    private const int MaxDepth = 100;
    private const int MaxValues = 100_000;

    private readonly List<(string Path, object? Value)> _values = [];
    // Only what contains a value: one object in two places is as good as two equal ones.
    private readonly HashSet<object> _containers = new(ReferenceEqualityComparer.Instance);

    private StateImage()
    {
    }

    internal static StateImage Of(object? state)
    {
        var image = new StateImage();
        image.Add("", state, 0);
        return image;
    }

    /// <summary>The first difference, as the path and both values; null when the images are equal.</summary>
    internal static (string Path, string Expected, string Found)? FindDifference(StateImage expected, StateImage found)
    {
        for (var i = 0; i < Math.Max(expected._values.Count, found._values.Count); i++)
        {
            var (left, right) = (expected.At(i), found.At(i));
            if (left.Path == right.Path && Equals(left.Value, right.Value)) continue;
            // A shorter list of values ends where the longer one has another path.
            var path = string.CompareOrdinal(left.Path, right.Path) <= 0 ? left.Path ?? right.Path : right.Path ?? left.Path;
            return (path is null or "" ? "the state" : path, left.Path == path ? Text(left.Value) : "nothing", right.Path == path ? Text(right.Value) : "nothing");
        }

        return null;
    }

    private (string? Path, object? Value) At(int index) => index < _values.Count ? _values[index] : (null, null);

    private void Add(string path, object? value, int depth)
    {
        if (_values.Count >= MaxValues || depth > MaxDepth) return;
        switch (value)
        {
            case ValueType and IFormattable when IsOfTheFramework(value.GetType()) && value is not IEnumerable: _values.Add((path, value)); return;
            case null or string or Enum or bool or char or Uri or Version: _values.Add((path, value)); return;
            case StringBuilder text: _values.Add((path, text.ToString())); return;
            case Delegate or Task or MemberInfo: return;
        }

        var type = value.GetType();
        if (!type.IsValueType && !_containers.Add(value)) return;

        if (value is IEnumerable elements && IsCollection(value)) AddElements(path, elements, depth);
        else if (!IsOfTheFramework(type)) AddFields(path, value, type, depth);
        _containers.Remove(value);
    }

    private void AddElements(string path, IEnumerable elements, int depth)
    {
        var index = 0;
        try
        {
            foreach (var element in elements)
                Add(string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]"), element, depth + 1);
        }
        catch (Exception e) when (e is InvalidOperationException or NullReferenceException)
        {
            // An uninitialized immutable array has no elements, and says so by throwing.
        }

        _values.Add(($"{path}.Count", index));
    }

    private void AddFields(string path, object value, Type type, int depth)
    {
        if (depth > 0 || type.IsValueType) _values.Add(($"{path} (type)", type.ToString()));
        for (var current = type; current is not null && current != typeof(object) && current != typeof(ValueType); current = current.BaseType)
            foreach (var field in Fields(current))
            {
                if (field.FieldType.IsPointer || field.FieldType.IsByRefLike) continue;
                Add(path.Length == 0 ? NameOf(field) : $"{path}.{NameOf(field)}", field.GetValue(value), depth + 1);
            }
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A field that was trimmed away is not compared; tests run untrimmed.")]
    private static FieldInfo[] Fields(Type type) => type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);

    // The compiler names the field of an automatic property <Name>k__BackingField.
    private static string NameOf(FieldInfo field) => field.Name is ['<', .. var rest] && rest.IndexOf('>') is > 0 and var end ? rest[..end] : field.Name;

    private static bool IsCollection(object value)
    {
        if (value is ICollection) return true;
        foreach (var contract in Interfaces(value.GetType()))
            if (contract.IsGenericType && contract.GetGenericTypeDefinition() is var definition && (definition == typeof(IReadOnlyCollection<>) || definition == typeof(ICollection<>))) return true;
        return false;
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "An interface that was trimmed away makes a collection compared by its fields.")]
    private static Type[] Interfaces(Type type) => type.GetInterfaces();

    private static bool IsOfTheFramework(Type type) =>
        type.Namespace is { } space && (space == "System" || space.StartsWith("System.", StringComparison.Ordinal) || space.StartsWith("Microsoft.", StringComparison.Ordinal))
        && !typeof(ITuple).IsAssignableFrom(type)
        && !(type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>));

    private static string Text(object? value) => value switch
    {
        null => "null",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => $"{value}",
    };
}
