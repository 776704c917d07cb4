using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.ApiServer.Admission.Webhooks;
using Cluster.ApiServer.WatchCache;
using HookConfig = Cluster.Api.AdmissionRegistrationV1.WebhookClientConfig;

namespace Cluster.ApiServer.CustomResources.Conversion;

/// <summary>Brings objects into other versions of their kind; of added kinds whose definition says so, by asking its webhook.</summary>
/// <remarks>
/// What a webhook made of an object that is read is kept with the object, for about a minute, and whoever wants it while it is being asked waits for the same answer: so it is
/// asked once for all readers of a version, be they a thousand watchers of one event. Kinds without a webhook pay one comparison. Safe for concurrent use.
/// </remarks>
internal sealed class ObjectConversions(WebhookClients clients)
{
    // A review and its answer should be no burden for a small webhook, nor for the memory of this server.
    private const int MostObjects = 500;
    private const long MostBytes = 4 * 1024 * 1024;
    private const int MaxAnswerBytes = 32 * 1024 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(ObjectVersion Object, string ApiVersion), Task<ObjectVersion>> _underWay = new();

    /// <summary>The object in a version of its kind.</summary>
    /// <exception cref="StatusException">500: the webhook failed, or what it made is none of the kind.</exception>
    public ValueTask<ObjectVersion> ConvertAsync(ObjectVersion obj, ResourceType version, CancellationToken cancellationToken) =>
        version.Custom?.Webhook is null ? new(obj.As(version)) : obj.Known(version) is { } known ? new(known) : FirstAsync(obj, version, cancellationToken);

    /// <summary>As the other, of many at once and in their order.</summary>
    public async ValueTask<IReadOnlyList<ObjectVersion>> ConvertAsync(IReadOnlyList<ObjectVersion> objects, ResourceType version, CancellationToken cancellationToken)
    {
        if (version.Custom?.Webhook is null)
            return [.. objects.Select(obj => obj.As(version))];
        var all = objects.Select(obj => obj.Known(version)).ToArray();
        var unknown = Enumerable.Range(0, all.Length).Where(index => all[index] is null).ToList();
        while (unknown.Count > 0)
        {
            var asked = Ask(unknown.ConvertAll(index => objects[index]), version, cancellationToken);
            try
            {
                for (var i = 0; i < asked.Count; i++)
                    all[unknown[i]] = await asked[i].WaitAsync(cancellationToken);
                break;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Whoever had begun to ask has left: what it did not get to is asked for anew.
                unknown.RemoveAll(index => all[index] is not null);
            }
        }

        return all!;
    }

    /// <summary>The object a client has written, in its words, as it is stored.</summary>
    /// <param name="obj">In <paramref name="from"/>.</param>
    /// <param name="from">The version the client speaks.</param>
    /// <param name="to">The stored version.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <exception cref="StatusException">As of the other.</exception>
    public ValueTask<IApiObject> ConvertAsync(IApiObject obj, ResourceType from, ResourceType to, CancellationToken cancellationToken) =>
        to.Custom?.Webhook is null || from.ApiVersion == to.ApiVersion ? new(obj) : OneAsync((CustomObject)obj, from, to, cancellationToken);

    /// <summary>Makes objects those of a version.</summary>
    public IObjectConverter Into(ResourceType version) => new Converter(this, version);

    // The answer to each, asked for here where nobody has done so yet.
    private List<Task<ObjectVersion>> Ask(List<ObjectVersion> objects, ResourceType version, CancellationToken cancellationToken)
    {
        List<(ObjectVersion Object, TaskCompletionSource<ObjectVersion> Answer)> mine = [];
        var all = objects.ConvertAll(obj =>
        {
            var answer = new TaskCompletionSource<ObjectVersion>(TaskCreationOptions.RunContinuationsAsynchronously);
            var task = _underWay.GetOrAdd((obj, version.ApiVersion), answer.Task);
            if (ReferenceEquals(task, answer.Task))
                mine.Add((obj, answer));
            return task;
        });
        // It never fails: what becomes of it is in the answers, which all who want them await.
        if (mine.Count > 0)
            _ = AnswerAsync(mine, version, cancellationToken);
        return all;
    }

    private async Task AnswerAsync(
        List<(ObjectVersion Object, TaskCompletionSource<ObjectVersion> Answer)> all, ResourceType version, CancellationToken cancellationToken)
    {
        var done = 0;
        try
        {
            while (done < all.Count)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var part = Part(all, done);
                // To its end, whoever leaves: others may wait for it by now.
                var converted = await AskAsync([.. part.Select(one => ((CustomObject)one.Object.Object, one.Object.WrittenIn))], version, CancellationToken.None);
                for (var i = 0; i < part.Count; i++, done++)
                {
                    var kept = part[i].Object.Keep(version, converted[i]);
                    _underWay.TryRemove((part[i].Object, version.ApiVersion), out _);
                    part[i].Answer.TrySetResult(kept);
                }
            }
        }
        catch (Exception failure)
        {
            // Whatever it is, it is the failure of all that were not answered.
            foreach (var (obj, answer) in all.Skip(done))
            {
                _underWay.TryRemove((obj, version.ApiVersion), out _);
                if (failure is OperationCanceledException)
                    answer.TrySetCanceled(CancellationToken.None);
                else
                    answer.TrySetException(failure);
                // Nobody may be left who would look at it.
                _ = answer.Task.Exception;
            }
        }
    }

    private static List<(ObjectVersion Object, TaskCompletionSource<ObjectVersion> Answer)> Part(
        List<(ObjectVersion Object, TaskCompletionSource<ObjectVersion> Answer)> all, int from)
    {
        List<(ObjectVersion Object, TaskCompletionSource<ObjectVersion> Answer)> part = [];
        long bytes = 0;
        for (var i = from; i < all.Count && part.Count < MostObjects && (part.Count == 0 || bytes < MostBytes); i++)
        {
            part.Add(all[i]);
            bytes += ((CustomObject)all[i].Object.Object).Content.Length;
        }

        return part;
    }

    private async ValueTask<ObjectVersion> FirstAsync(ObjectVersion obj, ResourceType version, CancellationToken cancellationToken) =>
        (await ConvertAsync([obj], version, cancellationToken))[0];

    private async ValueTask<IApiObject> OneAsync(CustomObject obj, ResourceType from, ResourceType to, CancellationToken cancellationToken) =>
        (await AskAsync([(obj, from)], to, cancellationToken))[0];

    private async ValueTask<IReadOnlyList<CustomObject>> AskAsync(
        IReadOnlyList<(CustomObject Object, ResourceType From)> objects, ResourceType to, CancellationToken cancellationToken)
    {
        var what = $"conversion webhook for {objects[0].From.ApiVersion}, Kind={to.Kind}";
        var answers = await PostAsync(what, objects, to, cancellationToken);
        if (answers.Count != objects.Count)
            throw StatusErrors.Unexplained($"{what} returned {answers.Count} objects, expected {objects.Count}");
        return [.. objects.Select((obj, index) => Read(what, obj.Object, answers[index], index, to))];
    }

    private async ValueTask<JsonArray> PostAsync(
        string what, IReadOnlyList<(CustomObject Object, ResourceType From)> objects, ResourceType to, CancellationToken cancellationToken)
    {
        var webhook = to.Custom!.Webhook!;
        var reviewVersion = webhook.ConversionReviewVersions.FirstOrDefault(ConversionReview.IsKnown)
            ?? throw StatusErrors.Unexplained("no supported conversion review versions");
        var uid = Guid.NewGuid().ToString();
        var review = ConversionReview.Ask(objects.Select(one => CustomJson.ToTree(one.Object, one.From.ApiVersion, one.From.Kind)), to.ApiVersion, uid, reviewVersion);
        try
        {
            var answer = await clients.PostAsync(Config(webhook.ClientConfig), review, Timeout, MaxAnswerBytes, cancellationToken);
            return ConversionReview.Read(answer, uid, reviewVersion);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or FormatException or CryptographicException)
        {
            throw StatusErrors.Unexplained($"{what} failed: {error.Message}", error);
        }
    }

    private static CustomObject Read(string what, CustomObject before, JsonNode? answer, int index, ResourceType to)
    {
        var invalid = $"{what} returned invalid object at index {index}";
        if (answer is not JsonObject tree)
            throw StatusErrors.Unexplained($"{invalid}: no JSON object");
        var (apiVersion, kind) = (tree["apiVersion"]?.ToString() ?? "", tree["kind"]?.ToString() ?? "");
        if (apiVersion != to.ApiVersion)
            throw StatusErrors.Unexplained($"{invalid}: invalid groupVersion (expected {to.ApiVersion}, received {apiVersion})");
        if (kind != to.Kind)
            throw StatusErrors.Unexplained($"{invalid}: invalid kind (expected {to.Kind}, received {kind})");
        try
        {
            ConvertedMetadata.Check(before.Metadata, tree);
        }
        catch (FormatException error)
        {
            throw StatusErrors.Unexplained($"{what} returned invalid object: {error.Message}", error);
        }

        try
        {
            var metadata = ConvertedMetadata.Restore(before.Metadata, tree);
            tree["metadata"] = null;
            var converted = CustomDecoder.Decode(tree, to, FieldValidation.Ignore, null);
            converted.Metadata = metadata;
            return converted;
        }
        catch (FormatException error)
        {
            throw StatusErrors.Unexplained($"{what} returned invalid metadata: {error.Message}", error);
        }
        catch (StatusException error)
        {
            throw StatusErrors.Unexplained($"{invalid}: {error.Message}", error);
        }
    }

    // The same fields under another name.
    private static HookConfig Config(Api.ApiExtensionsV1.WebhookClientConfig config)
    {
        var client = new HookConfig { CaBundle = config.CaBundle };
        if (config.HasUrl)
            client.Url = config.Url;
        if (config.Service is not { } service)
            return client;
        client.Service = new() { Name = service.Name, Namespace = service.Namespace, Path = service.Path };
        if (service.HasPort)
            client.Service.Port = service.Port;
        return client;
    }

    private sealed class Converter(ObjectConversions conversions, ResourceType version) : IObjectConverter
    {
        public ResourceType Version => version;

        public ValueTask<IReadOnlyList<ObjectVersion>> ConvertAsync(IReadOnlyList<ObjectVersion> objects, CancellationToken cancellationToken) =>
            conversions.ConvertAsync(objects, version, cancellationToken);
    }
}
