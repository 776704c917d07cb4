// Each cluster needs the machine's engine, routes and rules to itself.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
