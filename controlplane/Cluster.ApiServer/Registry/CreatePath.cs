using Cluster.Api;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary>Create: metadata, defaults, admission, the kind's rules, validation, and one transaction.</summary>
internal sealed class CreatePath(RegistryContext context)
{
    // Names of five random characters clash rarely; after so many clashes the prefix is crowded and the client should know.
    private const int MaxGeneratedNames = 8;

    /// <summary>PUT of a name that does not exist creates it.</summary>
    public bool CreatesOnUpdate(ResourceType type) => context.Strategies[type].CreatesOnUpdate;

    /// <param name="scope">Where and by whom.</param>
    /// <param name="obj">The object as the client sent it, or as an apply made it.</param>
    /// <param name="isApplied">Its managedFields are made already.</param>
    /// <param name="cancellationToken">Ends the write; its outcome is then unknown.</param>
    public async ValueTask<ObjectVersion> CreateAsync(
        RequestScope scope, IApiObject obj, bool isApplied, CancellationToken cancellationToken)
    {
        SystemMetadata.FillNew(obj, scope, context.Time);
        var generated = obj.Metadata.Name.Length == 0 && obj.Metadata.GenerateName.Length > 0;
        for (var tries = 1; ; tries++)
        {
            var candidate = generated ? obj.Copy() : obj;
            if (generated)
                candidate.Metadata.Name = Names.Generate(obj.Metadata.GenerateName);

            if (await TryCreateAsync(scope, candidate, isApplied, cancellationToken) is { } version)
                return version;

            if (!generated)
                throw StatusErrors.AlreadyExists(scope.Resource, candidate.Metadata.Name);

            if (tries == MaxGeneratedNames)
                throw StatusErrors.GeneratedNameExists(scope.Resource, candidate.Metadata.Name);
        }
    }

    // Null: the name is taken.
    private async ValueTask<ObjectVersion?> TryCreateAsync(
        RequestScope scope, IApiObject obj, bool isApplied, CancellationToken cancellationToken)
    {
        var strategy = context.Strategies[scope.Resource].For(scope.Version ?? scope.Resource);
        var request = new AdmissionRequest { Scope = scope, Operation = AdmissionOperation.Create, Object = obj };
        strategy.Default(scope, obj);
        // Defaults are the writer's own; what admission and the kind's rules add is nobody's.
        if (!isApplied)
            context.Fields.Update(scope, null, obj);
        await context.Admission.AdmitAsync(request, cancellationToken);
        strategy.Default(scope, obj);
        strategy.PrepareForCreate(obj, scope.User);
        if (strategy.HasGeneration)
            obj.Metadata.Generation = 1;

        if (strategy.ValidateCreate(scope, obj) is { Count: > 0 } errors)
            throw StatusErrors.Invalid(scope.Resource, obj.Metadata.Name, errors);

        await context.Admission.ValidateAsync(request, cancellationToken);
        strategy.PrepareForStore(scope, obj);
        obj = await context.Conversions.ConvertAsync(obj, scope.Version ?? scope.Resource, scope.Resource, cancellationToken);
        var key = scope.Resource.Key(scope.Namespace, obj.Metadata.Name);
        var writer = new ObjectWriter(context.Store, scope.Resource, strategy);
        if (scope.DryRun)
            return await PreviewAsync(scope.Resource, writer, key, obj, cancellationToken);

        return (await writer.PutAsync(key, obj, null, cancellationToken)).Version;
    }

    private async ValueTask<ObjectVersion?> PreviewAsync(
        ResourceType type, ObjectWriter writer, string key, IApiObject obj, CancellationToken cancellationToken) =>
        await context.Caches.GetFreshAsync(type, key, cancellationToken) is null
            ? new ObjectVersion(type, key, writer.Preview(obj, null), 0)
            : null;
}
