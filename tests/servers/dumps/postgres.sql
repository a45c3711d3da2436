CREATE TABLE public.dinero_marks (
    organization_id bigint NOT NULL,
    resource character varying(32) NOT NULL,
    target character varying(128) NOT NULL,
    syncs integer NOT NULL,
    mark character varying(20) NOT NULL,
    seen text NOT NULL,
    deletes character varying(20) NOT NULL,
    deletes_seen text NOT NULL,
    skipped integer NOT NULL
);
CREATE TABLE public.invoices (
    "OrganizationId" bigint NOT NULL,
    "Number" bigint,
    "Guid" character varying(36) NOT NULL,
    "ExternalReference" text,
    "ContactName" text,
    "ContactGuid" text,
    "Date" date,
    "PaymentDate" date,
    "Description" text,
    "Currency" text,
    "Status" text,
    "MailOutStatus" text,
    "LatestMailOutType" text,
    "TotalExclVatInDkk" numeric(38,18),
    "TotalInclVatInDkk" numeric(38,18),
    "TotalExclVat" numeric(38,18),
    "TotalInclVat" numeric(38,18),
    "CreatedAt" timestamp with time zone,
    "UpdatedAt" timestamp with time zone,
    "DeletedAt" timestamp with time zone
);
INSERT INTO public.dinero_marks VALUES (100001, 'invoices', 'invoices', 1, '2026-11-01T00:00:00Z', '{"00000000-0000-4000-8000-000000000001": "0123456789abcdef"}', '2026-11-01T00:00:00Z', '{}', 0);
INSERT INTO public.invoices VALUES (100001, 1, '00000000-0000-4000-8000-000000000001', NULL, NULL, NULL, '2026-02-01', NULL, 'Plader til Ærø', NULL, 'Booked', NULL, NULL, NULL, NULL, 1234.000000000000000000, 1543.130000000000000000, '2026-02-01 09:12:47.407+00', '2026-02-01 23:59:59+00', NULL);
INSERT INTO public.invoices VALUES (100001, 2, '00000000-0000-4000-8000-000000000002', NULL, NULL, NULL, '2026-02-01', NULL, 'Plader til Ærø', NULL, 'Draft', NULL, NULL, NULL, NULL, 1234.000000000000000000, 1543.130000000000000000, '2026-02-01 09:12:47.407+00', '2026-02-01 23:59:59+00', NULL);
ALTER TABLE ONLY public.dinero_marks
    ADD CONSTRAINT dinero_marks_pkey PRIMARY KEY (organization_id, resource, target);
ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY ("OrganizationId", "Guid");
