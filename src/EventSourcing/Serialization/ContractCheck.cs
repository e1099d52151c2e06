using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Serialization;

/// <summary>Finds what a JSON contract writes but cannot read back: in an event, in its properties, in the elements and values of its collections.</summary>
/// <remarks>Where a trimmed program has no reflection data of a type, the checks that use it find less; none of them refuses more.</remarks>
internal sealed class ContractCheck
{
    private readonly JsonSerializerOptions _options;
    private readonly string _event;
    private readonly List<string> _problems;
    private readonly HashSet<Type> _checked = [];

    private ContractCheck(string name, JsonTypeInfo contract, List<string> problems) =>
        (_event, _options, _problems) = ($"Event type '{name}' ({NameOf(contract.Type)})", contract.Options, problems);

    /// <summary>Adds a sentence for each part that cannot be read back.</summary>
    /// <param name="name">The stored name of the event type.</param>
    /// <param name="contract">The contract of the event type.</param>
    /// <param name="problems">Where the sentences go.</param>
    internal static void Run(string name, JsonTypeInfo contract, List<string> problems)
    {
        var check = new ContractCheck(name, contract, problems);
        if (contract.PolymorphismOptions is { DerivedTypes.Count: > 0 } family) check.ReportFamily(contract.Type, family);
        else check.Check(contract, null);
    }

    /// <summary>A type's name as a program writes it: <c>List&lt;Order&gt;</c>.</summary>
    internal static string NameOf(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying) return NameOf(underlying) + "?";
        if (type.IsArray) return $"{NameOf(type.GetElementType()!)}[]";
        var name = type.IsNested && !type.IsGenericParameter ? $"{NameOf(type.DeclaringType!)}.{type.Name}" : type.Name;
        return type.IsGenericType && name.Contains('`', StringComparison.Ordinal)
            ? $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
            : name;
    }

    // An event is stored under the name of its exact type, so one name for several types would make queries by type wrong.
    private void ReportFamily(Type type, JsonPolymorphismOptions family)
    {
        var entries = family.DerivedTypes.Select(d => $"map.Add<{NameOf(d.DerivedType)}>(\"{d.TypeDiscriminator ?? "…"}\")");
        _problems.Add($"{_event} is a family of types: an event has the entry of its exact type, and queries find it by that. Add an entry for each type in place of it: {string.Join(", ", entries)}.");
    }

    private void Report(string? where, string problem) => _problems.Add(where is null ? $"{_event} {problem}" : $"{_event}: {where} {problem}");

    private void Check(Type type, string where)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        try
        {
            if (_options.TryGetTypeInfo(type, out var contract)) Check(contract, where);
            else Report(where, $"is of type {NameOf(type)}, which the context does not have. Add it: [JsonSerializable(typeof({NameOf(type)}))].");
        }
        catch (Exception e) when (e is InvalidOperationException or NotSupportedException)
        {
            Report(where, $"is of type {NameOf(type)}, whose JSON contract contradicts itself: {e.Message}");
        }
    }

    private void Check(JsonTypeInfo contract, string? where)
    {
        if (!_checked.Add(contract.Type)) return;
        switch (contract.Kind)
        {
            case JsonTypeInfoKind.Object:
                CheckObject(contract, where);
                break;
            case JsonTypeInfoKind.Enumerable:
                CheckCollection(contract, where, "[]"u8);
                break;
            case JsonTypeInfoKind.Dictionary:
                CheckCollection(contract, where, "{}"u8);
                break;
            default:
                if (contract.Type == typeof(object) && contract.Converter.GetType().Assembly == typeof(JsonSerializer).Assembly)
                    Report(where, "is of type object: it is written as the type that it has, and read as JsonElement. Declare its type, or JsonElement.");
                break;
        }
    }

    // Whether a collection can be made from JSON is known to its converter only, so it is made: from JSON without elements.
    private void CheckCollection(JsonTypeInfo contract, string? where, ReadOnlySpan<byte> empty)
    {
        try
        {
            JsonSerializer.Deserialize(empty, contract);
        }
        catch (NotSupportedException e)
        {
            Report(where, $"is of the collection type {NameOf(contract.Type)}, which is written but cannot be read back: {e.Message}");
            return;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A constructor of the application's own refuses a collection without elements: it may be right.
        }

        if (contract.ElementType is { } element) Check(element, where is null ? "an element" : $"an element of {where}");
    }

    private void CheckObject(JsonTypeInfo contract, string? where)
    {
        if (contract.PolymorphismOptions is { DerivedTypes.Count: > 0 } family)
        {
            CheckFamily(contract, where, family);
            if (contract.Type.IsAbstract) return;
        }
        else if (contract.Type.IsAbstract && contract.CreateObject is null)
        {
            var kind = contract.Type.IsInterface ? "an interface" : "an abstract type";
            Report(where, where is null
                ? $"is {kind}: no event has exactly this type. Add an entry for each type that events have."
                : $"is of type {NameOf(contract.Type)}, {kind}: it is written but cannot be read back. Declare a type that can be constructed, or its derived types: [JsonPolymorphic], [JsonDerivedType(typeof(…), \"…\")].");
            return;
        }

        if (HasConstructor(contract, where)) CheckProperties(contract);
    }

    private void CheckFamily(JsonTypeInfo contract, string? where, JsonPolymorphismOptions family)
    {
        foreach (var derived in family.DerivedTypes)
        {
            if (derived.TypeDiscriminator is null)
                Report(where, $"may be of type {NameOf(derived.DerivedType)}, which {NameOf(contract.Type)} writes without a discriminator, so it is not read back as it. Add one: [JsonDerivedType(typeof({NameOf(derived.DerivedType)}), \"…\")].");
            if (derived.DerivedType != contract.Type) Check(derived.DerivedType, where ?? "a derived type");
        }
    }

    private bool HasConstructor(JsonTypeInfo contract, string? where)
    {
        const string Remedy = "Give it a public constructor whose parameters have the names and types of properties; of several, mark one [JsonConstructor].";
        var bound = contract.Properties.Where(p => p.AssociatedParameter is { IsMemberInitializer: false }).Select(p => p.AssociatedParameter!.Position).ToHashSet();
        var parameters = contract.CreateObject is null && contract.ConstructorAttributeProvider is MethodBase constructor ? constructor.GetParameters() : [];
        if (Array.Find(parameters, p => !bound.Contains(p.Position)) is { } unbound)
        {
            Report(where, $"{Is(contract, where)} has a constructor with the parameter '{unbound.Name}', which no JSON property has the name and type of, so it cannot be read back. {Remedy}");
            return false;
        }

        if (contract.CreateObject is not null || contract.Properties.Any(p => p.AssociatedParameter is not null)) return true;
        Report(where, $"{Is(contract, where)} has no constructor that its JSON contract can use, so it cannot be read back. {Remedy}");
        return false;
    }

    private static string Is(JsonTypeInfo contract, string? where) => where is null ? "" : $"is of type {NameOf(contract.Type)}, which";

    private void CheckProperties(JsonTypeInfo contract)
    {
        var initial = new Lazy<object?>(() => InitialOf(contract));
        foreach (var property in contract.Properties)
            if (!property.IsExtensionData) CheckProperty(contract, property, initial);
        if (contract.Type.IsValueType && contract.Properties is { Count: > 0 } properties && properties.All(p => p.Get is not null && !IsRead(contract, p)) && !_problems.Any(p => p.Contains($" {NameOf(contract.Type)}.", StringComparison.Ordinal)))
            Report(NameOf(contract.Type), "is written, but nothing of it is read back: it would be its default. Mark the constructor that takes its properties [JsonConstructor].");
        foreach (var field in FieldsOf(contract.Type))
            if (!field.IsDefined(typeof(JsonIgnoreAttribute)) && !contract.Properties.Any(p => p.AttributeProvider is FieldInfo known && known.Name == field.Name))
                Report($"{NameOf(contract.Type)}.{field.Name}", "is a field, which the contract does not write. Make it a property, mark it [JsonInclude], or set IncludeFields; where it is to be left out, mark it [JsonIgnore].");
    }

    private void CheckProperty(JsonTypeInfo contract, JsonPropertyInfo property, Lazy<object?> initial)
    {
        var where = $"{NameOf(contract.Type)}.{MemberNameOf(property)}";
        var parameter = property.AssociatedParameter is { IsMemberInitializer: false } own ? own : null;
        var isRequired = property.IsRequired || (_options.RespectRequiredConstructorParameters && parameter is { HasDefaultValue: false });
        if (property.Get is null)
        {
            if (isRequired) Report(where, "is required for reading but never written. Remove 'required', or the [JsonIgnore].");
            return;
        }

        var isOmitted = IsOmitted(property);
        if (isRequired && isOmitted != false)
        {
            Report(where, "is required for reading but is not always written: it has an ignore condition. Remove 'required', or write it always: [JsonIgnore(Condition = JsonIgnoreCondition.Never)].");
            return;
        }

        if (!IsRead(contract, property))
        {
            CheckUnread(contract, property, where);
            return;
        }

        if (isOmitted == true) CheckOmitted(property, parameter, where, initial);
        if (property.CustomConverter is not null) return;
        if (IsWrittenAsTextOnly(property.NumberHandling ?? contract.NumberHandling ?? _options.NumberHandling) && HoldsNumbers(property.PropertyType))
            Report(where, "is a number that is written as text but not read from it. Add JsonNumberHandling.AllowReadingFromString.");
        Check(property.PropertyType, where);
    }

    // Computed properties are written for people and for SQL. Data that another constructor or setter takes is not computed.
    private void CheckUnread(JsonTypeInfo contract, JsonPropertyInfo property, string where)
    {
        if (property.AttributeProvider is PropertyInfo { SetMethod.IsPublic: false })
            Report(where, "is written but not read back: its setter is not public. Mark it [JsonInclude], or let a constructor take it; where it is computed, remove the setter.");
        else if (contract.CreateObject is not null && IsTakenByConstructor(contract.Type, property))
            Report(where, "is written but not read back: the contract uses the constructor without parameters. Mark the one that takes it [JsonConstructor].");
    }

    private void CheckOmitted(JsonPropertyInfo property, JsonParameterInfo? parameter, string where, Lazy<object?> initial)
    {
        var written = DefaultOf(property.PropertyType);
        object? read;
        if (parameter is { HasDefaultValue: true }) read = parameter.DefaultValue ?? written;
        else if (property.AssociatedParameter is null && initial.Value is { } made) read = property.Get!(made);
        else return;
        if (!Equals(written, read))
            Report(where, $"is not written when it is {written ?? "null"}, and is then read as {read ?? "null"}, its default in C#. Write it always: [JsonIgnore(Condition = JsonIgnoreCondition.Never)]; or remove that default.");
    }

    private bool IsRead(JsonTypeInfo contract, JsonPropertyInfo property) =>
        property.Set is not null || property.AssociatedParameter is not null
        || (property.ObjectCreationHandling ?? contract.PreferredPropertyObjectCreationHandling ?? _options.PreferredObjectCreationHandling) == JsonObjectCreationHandling.Populate;

    // Null where the condition is the application's own and depends on the object.
    private bool? IsOmitted(JsonPropertyInfo property)
    {
        if (property.ShouldSerialize is not { } isWritten)
            return _options.DefaultIgnoreCondition == JsonIgnoreCondition.WhenWritingDefault
                || (_options.DefaultIgnoreCondition == JsonIgnoreCondition.WhenWritingNull && DefaultOf(property.PropertyType) is null);
        try
        {
            return !isWritten(null!, DefaultOf(property.PropertyType));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return null;
        }
    }

    private static bool IsWrittenAsTextOnly(JsonNumberHandling handling) =>
        (handling & (JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)) == JsonNumberHandling.WriteAsString;

    private bool HoldsNumbers(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum) return false;
        if (Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.Decimal || type == typeof(Int128) || type == typeof(UInt128) || type == typeof(Half)) return true;
        return _options.TryGetTypeInfo(type, out var contract) && contract.Kind is JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary
            && contract!.ElementType is { } element && HoldsNumbers(element);
    }

    private static string MemberNameOf(JsonPropertyInfo property) => property.AttributeProvider is MemberInfo member ? member.Name : property.Name;

    private static object? InitialOf(JsonTypeInfo contract)
    {
        try
        {
            return contract.CreateObject?.Invoke();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return null;
        }
    }

    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "The default of a value type needs no constructor, and the contract keeps the type.")]
    private static object? DefaultOf(Type type) =>
        type.IsValueType && Nullable.GetUnderlyingType(type) is null ? RuntimeHelpers.GetUninitializedObject(type) : null;

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Fields that were trimmed away are not reported; nobody can have set them.")]
    private static FieldInfo[] FieldsOf(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Instance);

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Constructors that were trimmed away are not reported; nobody can have called them.")]
    private static bool IsTakenByConstructor(Type type, JsonPropertyInfo property) =>
        type.GetConstructors().Any(c => c.GetParameters().Any(p => p.ParameterType == property.PropertyType && string.Equals(p.Name, MemberNameOf(property), StringComparison.OrdinalIgnoreCase)));
}
