using Cluster.Api.MetaV1;
using Cluster.ApiServer.CustomResources.Conversion;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary>Lists of kinds that a webhook converts: the selectors look at objects as the client's version has them.</summary>
internal sealed class ConvertedLists(ListPath lists, ObjectConversions conversions)
{
    // With a selector a page may need many objects to find few matches.
    private const long MinStep = 500;

    /// <inheritdoc cref="IResourceRegistry.ListAsync"/>
    public async ValueTask<ListResult> ListAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken)
    {
        var filter = ObjectFilter.Of(scope.Resource, scope.Namespace, options.LabelSelector, options.FieldSelector);
        if (filter.IsSelective)
            return await SelectAsync(scope, filter, options, cancellationToken);
        var list = await lists.ListAsync(scope.ToStored(), options, cancellationToken);
        return list with { Items = await conversions.ConvertAsync(list.Items, scope.Resource, cancellationToken) };
    }

    private async ValueTask<ListResult> SelectAsync(RequestScope scope, ObjectFilter filter, ListOptions options, CancellationToken cancellationToken)
    {
        var step = options.Clone();
        // No conversion changes a name.
        (step.LabelSelector, step.FieldSelector) = ("", filter.Name is { } name ? $"metadata.name={name}" : "");
        if (options.Limit > 0)
            step.Limit = Math.Max(options.Limit, MinStep);
        List<ObjectVersion> items = [];
        while (true)
        {
            var page = await lists.ListAsync(scope.ToStored(), step, cancellationToken);
            var converted = await conversions.ConvertAsync(page.Items, scope.Resource, cancellationToken);
            for (var i = 0; i < converted.Count; i++)
            {
                if (!filter.MatchesSelectors(converted[i]))
                    continue;
                items.Add(converted[i]);
                var isMore = page.Continue.Length > 0 || i + 1 < converted.Count;
                if (options.Limit > 0 && items.Count == options.Limit && options.ResourceVersion != "0" && isMore)
                    return new ListResult(items, page.Revision, After(scope, page.Revision, converted[i]), null);
            }

            if (page.Continue.Length == 0)
                return new ListResult(items, page.Revision, "", null);
            // The rest is that of the same moment.
            step.Continue = page.Continue;
            (step.ResourceVersion, step.ResourceVersionMatch) = ("", "");
        }
    }

    private static string After(RequestScope scope, long revision, ObjectVersion last) =>
        new ContinueToken(revision, last.Key[scope.Resource.Storage.StoragePrefix!.Length..]).Encode();
}
