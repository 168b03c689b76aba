using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Tests.Architecture;

/// <summary>
/// Writes what an assembly offers to others, in the order of names. Left out is what everybody knows to be there: the
/// members that the compiler writes into records and enums, and the migrations, whose names the database has.
/// </summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IEnumerable<Type> TypesOf(Assembly assembly)
        => assembly.GetExportedTypes()
            .Where(type => !typeof(Migration).IsAssignableFrom(type) && !typeof(ModelSnapshot).IsAssignableFrom(type));

    public static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in TypesOf(assembly).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(text.Length == 0 ? "" : "\n").Append(Header(type)).Append('\n');
            foreach (var line in Members(type))
            {
                text.Append("    ").Append(line).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Header(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface"
            : IsRecord(type) ? type.IsValueType ? "record struct" : "record"
            : type.IsValueType ? "struct" : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : "class";
        var modifier = type.IsValueType && type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly "
            : type.IsValueType || type.IsInterface ? ""
            : type is { IsAbstract: true, IsSealed: true } ? "static "
            : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "";
        var inherited = type.BaseType?.GetInterfaces() ?? [];
        var bases = new[] { type.BaseType }
            .Where(@base => @base is not null && @base != typeof(object) && @base != typeof(ValueType) && !type.IsEnum)
            .Select(@base => Name(@base!))
            .Concat(type.IsEnum ? [] : type.GetInterfaces().Except(inherited)
                .Where(offered => offered.IsVisible && !IsOwnEquality(offered, type))
                .Select(Name).Order(StringComparer.Ordinal))
            .ToList();
        return $"{modifier}{kind} {type.FullName}{(bases.Count == 0 ? "" : " : " + string.Join(", ", bases))}";
    }

    private static IEnumerable<string> Members(Type type)
        => type.IsEnum
            ? type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .OrderBy(Value)
                .Select(field => string.Create(CultureInfo.InvariantCulture, $"{field.Name} = {Value(field)}"))
            : type.GetMembers(Declared).Where(member => !IsWritten(member))
                .Select(member => (member.Name, Text: Describe(member)))
                .Where(member => member.Text is not null)
                .OrderBy(member => member.Name, StringComparer.Ordinal)
                .ThenBy(member => member.Text, StringComparer.Ordinal)
                .Select(member => member.Text!);

    private static long Value(FieldInfo field)
        => Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture);

    private static string? Describe(MemberInfo member)
        => member switch
        {
            FieldInfo { IsPublic: true } field => Describe(field),
            PropertyInfo property => Describe(property),
            EventInfo { AddMethod: { } add } offered when IsOffered(add)
                => $"event {Name(offered.EventHandlerType!)} {offered.Name}",
            ConstructorInfo { IsStatic: false } constructor when IsOffered(constructor)
                => $"new({Parameters(constructor)})",
            MethodInfo method when IsOffered(method)
                && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal))
                => Describe(method),
            _ => null,
        };

    private static string Describe(FieldInfo field)
        => field.IsLiteral
            ? $"const {Name(field.FieldType)} {field.Name} = {Literal(field.GetRawConstantValue())}"
            : $"{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}"
              + $"{Name(new NullabilityInfoContext().Create(field))} {field.Name}";

    private static string? Describe(PropertyInfo property)
    {
        var accessors = new List<string>();
        if (property.GetMethod is { } get && IsOffered(get))
        {
            accessors.Add("get;");
        }

        if (property.SetMethod is { } set && IsOffered(set))
        {
            var isInit = set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
            accessors.Add(isInit ? "init;" : "set;");
        }

        if (accessors.Count == 0)
        {
            return null;
        }

        var modifiers = ((property.GetMethod ?? property.SetMethod)!.IsStatic ? "static " : "")
            + (property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "");
        var index = property.GetIndexParameters() is { Length: > 0 } parameters
            ? $"[{string.Join(", ", parameters.Select(Describe))}]" : "";
        return $"{modifiers}{Name(new NullabilityInfoContext().Create(property))} {property.Name}{index} "
            + $"{{ {string.Join(' ', accessors)} }}";
    }

    private static string Describe(MethodInfo method)
    {
        var modifier = method.IsStatic ? "static "
            : method.GetBaseDefinition() != method ? "override "
            : method.IsAbstract ? "abstract "
            : method is { IsVirtual: true, IsFinal: false } ? "virtual " : "";
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        return $"{(method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "")}{modifier}"
            + $"{Name(new NullabilityInfoContext().Create(method.ReturnParameter))} {method.Name}{generic}"
            + $"({Parameters(method)})";
    }

    private static string Parameters(MethodBase method)
        => (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "")
            + string.Join(", ", method.GetParameters().Select(Describe));

    private static string Describe(ParameterInfo parameter)
    {
        var modifier = parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? parameter.IsIn ? "in " : "ref "
            : parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "";
        var value = parameter.HasDefaultValue
            ? " = " + (IsDefault(parameter) ? "default" : Literal(parameter.RawDefaultValue))
            : "";
        return $"{modifier}{Name(new NullabilityInfoContext().Create(parameter))} {parameter.Name}{value}";
    }

    private static bool IsDefault(ParameterInfo parameter)
        => parameter.RawDefaultValue is null && parameter.ParameterType.IsValueType
           && Nullable.GetUnderlyingType(parameter.ParameterType) is null;

    private static string Name(NullabilityInfo nullability)
    {
        var type = nullability.Type.IsByRef ? nullability.Type.GetElementType()! : nullability.Type;
        var isNullable = nullability.ReadState == NullabilityState.Nullable && !type.IsValueType ? "?" : "";
        if (type.IsArray && nullability.ElementType is { } element)
        {
            return $"{Name(element)}[]{isNullable}";
        }

        // The information skips a nullable value type's own argument.
        if (type.IsGenericType && Nullable.GetUnderlyingType(type) is null
            && nullability.GenericTypeArguments.Length == type.GetGenericArguments().Length)
        {
            return $"{Simple(type)}<{string.Join(", ", nullability.GenericTypeArguments.Select(Name))}>{isNullable}";
        }

        return Name(type) + isNullable;
    }

    private static string Name(Type type)
        => Nullable.GetUnderlyingType(type) is { } value ? Name(value) + "?"
            : type.IsByRef ? Name(type.GetElementType()!)
            : type.IsArray ? Name(type.GetElementType()!) + "[]"
            : type.IsGenericType ? $"{Simple(type)}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : Simple(type);

    private static string Simple(Type type)
        => type == typeof(void) ? "void" : type == typeof(object) ? "object" : type == typeof(string) ? "string"
            : type == typeof(bool) ? "bool" : type == typeof(byte) ? "byte" : type == typeof(short) ? "short"
            : type == typeof(int) ? "int" : type == typeof(long) ? "long" : type == typeof(double) ? "double"
            : type == typeof(decimal) ? "decimal"
            : type.Name.Split('`')[0];

    private static string Literal(object? value)
        => value switch
        {
            null => "null",
            string text => $"\"{text}\"",
            bool flag => flag ? "true" : "false",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString()!,
        };

    private static bool IsRecord(Type type)
        => type.GetMethod("<Clone>$", Declared) is not null
            || (type.IsValueType && type.GetMethod("PrintMembers", Declared) is { } print && IsWritten(print));

    private static bool IsOwnEquality(Type offered, Type type)
        => IsRecord(type) && offered.IsGenericType && offered.GetGenericTypeDefinition() == typeof(IEquatable<>);

    // By the compiler. An accessor of a property is, too; the property itself says whether it is offered.
    private static bool IsWritten(MemberInfo member)
        => member is not PropertyInfo { Name: not "EqualityContract" }
           && member.IsDefined(typeof(CompilerGeneratedAttribute));

    private static bool IsOffered(MethodBase method) => method.IsPublic || IsInheritable(method);

    private static bool IsInheritable(MethodBase method)
        => (method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed;
}
