using System.Reflection;
using EventSourcing.Testing;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Architecture;

public sealed class PublicSurfaceTests
{
    private static readonly Type[] s_exported = typeof(IEventStore).Assembly.GetExportedTypes();

    private static readonly Type[] s_everywhere = [.. s_exported, .. typeof(Specification).Assembly.GetExportedTypes(), .. typeof(EventSourcing.Hosting.EventSourcingHostingOptions).Assembly.GetExportedTypes()];

    private static readonly Type[] s_exceptions = [.. s_exported.Where(type => type.IsAssignableTo(typeof(Exception)))];

    // Open because UnknownEventTypeException and UnknownSchemaVersionException are one, and only these: the constructor for them is private protected.
    private static readonly Type[] s_openByDesign = [typeof(EventSerializationException)];

    [Test]
    public void Classes_are_sealed_static_or_abstract() =>
        s_exported.Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false }).Should().BeEquivalentTo(s_openByDesign);

    [Test]
    public void Exceptions_say_so_in_their_name() =>
        s_exceptions.Where(type => !type.Name.EndsWith("Exception", StringComparison.Ordinal)).Should().BeEmpty();

    [Test]
    public void Exceptions_derive_from_the_one_of_the_library() =>
        s_exceptions.Where(type => !type.IsAssignableTo(typeof(EventSourcingException))).Should().BeEmpty();

    [Test]
    public void Exceptions_cannot_be_made_without_saying_what_happened() =>
        s_exceptions.Where(type => type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []) is { IsPrivate: false, IsAssembly: false })
            .Should().BeEmpty();

    [Test]
    public void Asynchronous_methods_end_in_Async() =>
        Methods().Where(method => (IsAwaitable(method.ReturnType) || IsAsyncSequence(method.ReturnType)) && !method.Name.EndsWith("Async", StringComparison.Ordinal))
            .Select(Describe).Should().BeEmpty();

    [Test]
    public void Asynchronous_methods_take_a_cancellation_token_last() =>
        Methods().Where(method => IsAwaitable(method.ReturnType) && method.Name != nameof(IAsyncDisposable.DisposeAsync)
                && method.GetParameters().LastOrDefault()?.ParameterType != typeof(CancellationToken))
            .Select(Describe).Should().BeEmpty();

    [Test]
    public void Options_need_no_constructor_argument() =>
        s_exported.Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type.GetConstructor([]) is null).Should().BeEmpty();

    [Test]
    public void Options_are_set_and_not_only_initialized() =>
        s_everywhere.Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal)).SelectMany(type => type.GetProperties())
            .Where(property => property.SetMethod is not { IsPublic: true } set || set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit)))
            .Select(property => $"{property.DeclaringType}.{property.Name}").Should().BeEmpty();

    [Test]
    public void Types_live_in_the_namespaces_that_are_documented() =>
        s_everywhere.Select(type => type.Namespace).Distinct().Should().BeEquivalentTo("EventSourcing", "EventSourcing.Storage", "EventSourcing.Testing", "EventSourcing.Testing.Contract", "EventSourcing.Hosting");

    [Test]
    public void No_type_is_taken_apart_by_place() =>
        s_everywhere.SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)).Where(method => method.Name == "Deconstruct").Select(Describe).Should().BeEmpty();

    [Test]
    public void Extension_methods_are_on_the_librarys_own_types_or_the_services_of_a_container() =>
        s_everywhere.SelectMany(type => type.GetMethods()).Where(method => method.IsDefined(typeof(System.Runtime.CompilerServices.ExtensionAttribute), inherit: false))
            .Where(method => method.GetParameters()[0].ParameterType is var on && on.Namespace?.StartsWith("EventSourcing", StringComparison.Ordinal) != true && on != typeof(Microsoft.Extensions.DependencyInjection.IServiceCollection))
            .Select(Describe).Should().BeEmpty();

    [Test]
    public void Conflicts_have_one_base()
    {
        typeof(WrongExpectedVersionException).Should().BeDerivedFrom<ConcurrencyException>();
        typeof(AppendConditionFailedException).Should().BeDerivedFrom<ConcurrencyException>();
        s_exceptions.Where(type => type.BaseType == typeof(ConcurrencyException)).Should().HaveCount(2);
    }

    private static IEnumerable<MethodInfo> Methods() =>
        from type in s_exported
        where !type.IsAssignableTo(typeof(Delegate))
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where (method.IsPublic || method.IsFamily) && !method.IsSpecialName
        select method;

    private static bool IsAwaitable(Type type) => type.GetMethod(nameof(Task.GetAwaiter), []) is not null;

    private static bool IsAsyncSequence(Type type) =>
        type.GetInterfaces().Append(type).Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>));

    private static string Describe(MethodInfo method) => $"{method.DeclaringType}.{method.Name}";
}
