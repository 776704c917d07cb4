using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;

namespace Cluster.Api.Apply.Trees;

/// <summary>Compares two trees of one type, as it was and as it is.</summary>
internal static class TreeComparison
{
    public static FieldChanges Compare(ApplyType type, JsonObject before, JsonObject after)
    {
        var changes = new FieldChanges();
        new Walker(changes).Members(type, before, after);
        return changes;
    }

    /// <summary>Compares what stands at the place that the changes are at. A value that is not there is null too: free JSON has no other.</summary>
    public static void Compare(ApplyType type, JsonNode? before, JsonNode? after, FieldChanges changes) =>
        new Walker(changes).Compare(type, new Side(before is not null, before), new Side(after is not null, after));

    /// <summary>Equal, with numbers compared by what they mean.</summary>
    public static bool AreEqual(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    private readonly struct Walker(FieldChanges changes)
    {
        public void Members(ApplyType type, JsonObject? before, JsonObject? after)
        {
            foreach (var (name, value) in before ?? [])
                Member(type, name, Side.Of(value), after is not null && after.TryGetPropertyValue(name, out var now) ? Side.Of(now) : default);
            foreach (var (name, value) in after ?? [])
            {
                if (before is null || !before.ContainsKey(name))
                    Member(type, name, default, Side.Of(value));
            }
        }

        private void Member(ApplyType type, string name, Side before, Side after)
        {
            var declared = type.Field(name);
            if ((declared?.Type ?? type.Member(name)) is { } inner)
                Below(declared?.Element ?? PathElement.Field(name), inner, before, after);
        }

        private void Below(PathElement element, ApplyType type, Side before, Side after)
        {
            changes.Enter(element);
            Compare(type, before, after);
            changes.Leave();
        }

        public void Compare(ApplyType type, Side before, Side after)
        {
            if (IsLeaf(type, before.Value, after.Value))
            {
                if (!before.IsPresent)
                    changes.Add();
                else if (!after.IsPresent)
                    changes.Remove();
                else if (!AreEqual(before.Value, after.Value))
                    changes.Modify();
                return;
            }

            if (type.Kind == ApplyKind.List)
                Items(type, before.Value as JsonArray, after.Value as JsonArray);
            else
                Members(type, before.Value as JsonObject, after.Value as JsonObject);

            if (!before.IsPresent)
                changes.Add();
            else if (!after.IsPresent)
                changes.Remove();
        }

        // Two empty ones are compared as they are, to tell nothing from null.
        private static bool IsLeaf(ApplyType type, JsonNode? before, JsonNode? after) => type.IsAtomic || type.Kind switch
        {
            ApplyKind.Scalar => true,
            ApplyKind.List => before is not JsonArray { Count: > 0 } && after is not JsonArray { Count: > 0 },
            _ => before is not JsonObject { Count: > 0 } && after is not JsonObject { Count: > 0 },
        };

        private void Items(ApplyType type, JsonArray? before, JsonArray? after)
        {
            var was = Group(type, before);
            var now = Group(type, after);
            foreach (var (element, items) in was)
                Item(type, element, items, now.GetValueOrDefault(element) ?? []);
            foreach (var (element, items) in now)
            {
                if (!was.ContainsKey(element))
                    Item(type, element, [], items);
            }
        }

        // Elements that are there more than once are owned and compared as one.
        private void Item(ApplyType type, PathElement element, List<JsonNode?> was, List<JsonNode?> now)
        {
            if (was.Count <= 1 && now.Count <= 1)
            {
                Below(element, type.Element!, Single(was), Single(now));
                return;
            }

            if (was.Count == 1 || (was.Count >= 2 && now.Count == 1))
                Below(element, type.Element!, was.Count == 1 ? Single(was) : default, was.Count == 1 ? default : Single(now));
            changes.Enter(element);
            if (was.Count < 2)
                changes.Add();
            else if (now.Count < 2)
                changes.Remove();
            else if (!was.SequenceEqual(now, NodeEquality.Instance))
                changes.Modify();
            changes.Leave();
        }

        private static Side Single(List<JsonNode?> items) => items.Count == 0 ? default : Side.Of(items[0]);

        private static Dictionary<PathElement, List<JsonNode?>> Group(ApplyType type, JsonArray? list)
        {
            var groups = new Dictionary<PathElement, List<JsonNode?>>();
            foreach (var item in list ?? [])
            {
                if (ElementOf.Find(type, item, out _) is not { } element)
                    continue;
                if (groups.TryGetValue(element, out var group))
                    group.Add(item);
                else
                    groups[element] = [item];
            }

            return groups;
        }
    }

    // A value that is not there, as against one that is null.
    private readonly record struct Side(bool IsPresent, JsonNode? Value)
    {
        public static Side Of(JsonNode? value) => new(true, value);
    }

    private sealed class NodeEquality : IEqualityComparer<JsonNode?>
    {
        public static readonly NodeEquality Instance = new();

        public bool Equals(JsonNode? x, JsonNode? y) => AreEqual(x, y);

        public int GetHashCode(JsonNode? obj) => 0;
    }
}
