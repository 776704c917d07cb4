using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Patching;

namespace Cluster.Api.Apply.Trees;

/// <summary>Holds a tree to its type, in the words of Kubernetes' own merge library: clients see them.</summary>
internal static class TreeValidation
{
    /// <param name="type">What the tree must be.</param>
    /// <param name="tree">Its root.</param>
    /// <param name="allowsDuplicates">Sets and keyed lists may hold an element twice: what is stored may, what is applied may not.</param>
    public static List<TypedError> Check(ApplyType type, JsonNode? tree, bool allowsDuplicates)
    {
        var errors = new List<TypedError>();
        new Walker(allowsDuplicates, errors).Check(type, tree, "");
        return errors;
    }

    private readonly struct Walker(bool allowsDuplicates, List<TypedError> errors)
    {
        public void Check(ApplyType type, JsonNode? value, string path)
        {
            if (value is null || errors.Count > TypedError.MostTold)
                return;
            switch (type.Kind)
            {
                case ApplyKind.Struct or ApplyKind.Map:
                    if (value is JsonObject members)
                        CheckMembers(type, members, path);
                    else
                        Report(path, $"expected map, got &{{{JsonScalars.GoPrint(value)}}}");
                    break;
                case ApplyKind.List:
                    if (value is JsonArray list)
                        CheckItems(type, list, path);
                    else
                        Report(path, $"expected list, got &{{{JsonScalars.GoPrint(value)}}}");
                    break;
                case ApplyKind.Scalar when Problem(type.Scalar, value) is { } problem:
                    Report(path, problem);
                    break;
            }
        }

        private void CheckMembers(ApplyType type, JsonObject members, string path)
        {
            foreach (var (name, value) in members)
            {
                var at = $"{path}.{name}";
                if (type.Member(name) is { } inner)
                {
                    Check(inner, value, at);
                    continue;
                }

                Report(at, "field not declared in schema");
                return;
            }
        }

        private void CheckItems(ApplyType type, JsonArray list, string path)
        {
            var seen = new HashSet<PathElement>();
            for (var index = 0; index < list.Count; index++)
            {
                string step;
                if (type.IsAtomic)
                {
                    step = $"[{index}]";
                }
                else if (ElementOf.Find(type, list[index], out var problem) is { } element)
                {
                    step = element.ToString();
                    if (!seen.Add(element) && !allowsDuplicates)
                        Report(path, $"duplicate entries for key {step}");
                }
                else
                {
                    Report(path, $"element {index}: {problem}");
                    return;
                }

                Check(type.Element!, list[index], path + step);
            }
        }

        private void Report(string path, string message) => errors.Add(new TypedError(path, message));
    }

    internal static string? Problem(ScalarKind kind, JsonNode value)
    {
        var json = value.GetValueKind();
        return kind switch
        {
            ScalarKind.Number when json != JsonValueKind.Number => $"expected numeric (int or float), got {JsonScalars.GoType(value)}",
            ScalarKind.Text when json != JsonValueKind.String => $"expected string, got &value.valueUnstructured{{Value:{JsonScalars.GoSyntax(value)}}}",
            ScalarKind.Boolean when json is not (JsonValueKind.True or JsonValueKind.False) =>
                $"expected boolean, got &{{{JsonScalars.GoPrint(value)}}}",
            ScalarKind.Untyped when value is not JsonValue => $"expected any scalar, got &{{{JsonScalars.GoPrint(value)}}}",
            _ => null,
        };
    }
}
