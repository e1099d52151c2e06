using System.Reflection;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Architecture;

public sealed class FloorTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly s_core = typeof(IEventStore).Assembly;

    [Test]
    public void Every_type_has_a_folder_with_a_floor() =>
        OwnTypes().Where(type => Floors.Of(type) is null).Select(type => type.FullName).Should().BeEmpty();

    [Test]
    public void No_type_names_one_of_a_higher_floor() => Climbing(Named).Should().BeEmpty();

    [Test]
    public void No_method_calls_one_of_a_higher_floor() => Climbing(Called).Should().BeEmpty();

    [Test]
    public void Calls_are_read_from_the_instructions_of_methods()
    {
        var called = Called(typeof(Caller)).ToList();

        called.Should().Contain([typeof(GlobalPosition), typeof(StreamId), typeof(List<Tag>)]);
    }

    private static IEnumerable<string> Climbing(Func<Type, IEnumerable<Type>> names) =>
        (from type in OwnTypes()
         from named in names(type).SelectMany(Parts)
         where named.Assembly == s_core && Floors.Of(named) > Floors.Of(type)
         select $"{Outermost(type)} ({Floors.FolderOf(type)}) names {Outermost(named)} ({Floors.FolderOf(named)})").Distinct();

    // Compiler-generated types stay in: the fields of a state machine or a closure are a method's locals, and its methods are the method's body.
    private static IEnumerable<Type> OwnTypes() =>
        s_core.GetTypes().Where(type => Outermost(type).Namespace?.StartsWith("EventSourcing", StringComparison.Ordinal) == true);

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static IEnumerable<Type> Named(Type type)
    {
        if (type.BaseType is { } parent) yield return parent;
        foreach (var contract in type.GetInterfaces()) yield return contract;
        foreach (var parameter in type.GetGenericArguments())
            foreach (var constraint in parameter.IsGenericParameter ? parameter.GetGenericParameterConstraints() : []) yield return constraint;
        foreach (var field in type.GetFields(Declared)) yield return field.FieldType;
        foreach (var method in type.GetMembers(Declared).OfType<MethodBase>())
        {
            if (method is MethodInfo { ReturnType: var returned }) yield return returned;
            foreach (var parameter in method.GetParameters()) yield return parameter.ParameterType;
            foreach (var local in method.GetMethodBody()?.LocalVariables ?? []) yield return local.LocalType;
        }
    }

    private static IEnumerable<Type> Called(Type type)
    {
        foreach (var method in type.GetMembers(Declared).OfType<MethodBase>())
            foreach (var member in Calls.Of(method))
            {
                if ((member as Type ?? member.DeclaringType) is { } named) yield return named;
                foreach (var argument in member is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericArguments() : []) yield return argument;
            }
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.IsGenericParameter) return [];
        if (type.HasElementType) return Parts(type.GetElementType()!);
        return type.IsConstructedGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)] : [type];
    }

    private sealed class Caller
    {
        internal static bool Call(object value) => GlobalPosition.FromInt64(1).ToInt64() == 1 && value is StreamId && new List<Tag>().Count == 0;
    }
}
