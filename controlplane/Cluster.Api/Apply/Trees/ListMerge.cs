using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;

namespace Cluster.Api.Apply.Trees;

/// <summary>
/// Merges two sets or keyed lists: elements that both have keep the applied order among each other; those that only one has stay
/// where they stood before their neighbours.
/// </summary>
internal static class ListMerge
{
    public delegate bool MergeItem(
        ApplyType type, bool hasLive, JsonNode? live, bool hasApplied, JsonNode? applied, out JsonNode? merged);

    /// <returns>Null for an empty list.</returns>
    public static JsonArray? Merge(ApplyType type, JsonArray? live, JsonArray? applied, MergeItem merge)
    {
        var left = new Side(type, live, isLive: true);
        var right = new Side(type, applied, isLive: false);
        var merged = new JsonArray();
        var done = new HashSet<PathElement>();
        // The applied elements that the live list has too, in applied order: the next one to come of them.
        var shared = new Queue<PathElement>(right.Elements.Where(left.First.ContainsKey));
        shared.TryDequeue(out var next);
        for (var (l, r) = (0, 0); l < left.Elements.Count || r < right.Elements.Count;)
        {
            if (l < left.Elements.Count && r < right.Elements.Count)
            {
                var element = left.Elements[l];
                if (element.Equals(right.Elements[r]))
                {
                    Take(element);
                    l++;
                    r++;
                    shared.TryDequeue(out next);
                    continue;
                }

                // Shared, but another one is to come first.
                if (right.First.ContainsKey(element) && next is not null && !next.Equals(element))
                {
                    l++;
                    continue;
                }
            }

            if (l < left.Elements.Count)
            {
                var element = left.Elements[l];
                if (!right.First.ContainsKey(element))
                {
                    Add(true, left.Items[l], false, null);
                    l++;
                    continue;
                }

                if (done.Contains(element))
                    l++;
            }

            if (r < right.Elements.Count)
            {
                var element = right.Elements[r];
                Take(element);
                r++;
                if (next is not null && next.Equals(element))
                    shared.TryDequeue(out next);
            }
        }

        return merged.Count > 0 ? merged : null;

        void Take(PathElement element)
        {
            done.Add(element);
            var hasLive = left.First.TryGetValue(element, out var item);
            Add(hasLive, item, true, right.First[element]);
        }

        void Add(bool hasLive, JsonNode? item, bool hasApplied, JsonNode? over)
        {
            if (merge(type.Element!, hasLive, item, hasApplied, over, out var result))
                merged.Add(result);
        }
    }

    private sealed class Side
    {
        public Side(ApplyType type, JsonArray? list, bool isLive)
        {
            foreach (var item in list ?? [])
            {
                if (ElementOf.Find(type, item, out _) is not { } element)
                    continue;
                Elements.Add(element);
                Items.Add(item);
                // Which of several is meant nobody can say: the applied one stands alone.
                if (!First.TryAdd(element, item) && isLive)
                    First[element] = null;
            }
        }

        public List<PathElement> Elements { get; } = [];

        public List<JsonNode?> Items { get; } = [];

        public Dictionary<PathElement, JsonNode?> First { get; } = [];
    }
}
