"""Tables of places and the objects that belong in them, for the procedural scene descriptions.

The compact text tables are parsed once on import. Distances are metres from the camera to the middle of the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Domain = Literal["room", "corridor", "street", "table", "tube"]
Shape = Literal["box", "sphere", "cylinder"]


@dataclass(frozen=True)
class ObjectKind:
    """A kind of object: singular noun, rendered shape, plausible colours (empty: any) and its other names."""

    name: str
    shape: Shape
    colours: tuple[str, ...]
    train_names: tuple[str, ...]
    unseen_names: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A kind of place.

    ``distance_m`` is the ordinary camera-to-middle distance in metres. ``objects`` are keys of ``KINDS``, those named
    for this very place first (``own`` of them). ``telling`` is true where the objects alone identify the size.
    """

    name: str
    domain: Domain
    distance_m: float
    weight: float
    preposition: str
    train_names: tuple[str, ...]
    unseen_names: tuple[str, ...]
    objects: tuple[str, ...]
    own: int
    features: tuple[str, ...]
    telling: bool


# Objects by setting: "name shape", b = box, s = sphere, c = cylinder; the shape is given once per noun.
_POOLS: dict[str, str] = {
    "bedroom": "bed b, pillow b, wardrobe b, bedside lamp c, chest of drawers b, duvet b, dressing table b,"
    " laundry basket c, mirror b, curtain b, night stand b, mattress b, rug b, bookcase b, radiator b",
    "living": "sofa b, armchair b, coffee table b, television b, floor lamp c, bookcase b, rug b, cushion b,"
    " potted plant c,"
    " fireplace b, ottoman c, curtain b, sideboard b, loudspeaker b, window b, piano b, footstool b",
    "kitchen": "refrigerator b, oven b, kitchen cabinet b, dishwasher b, sink b, stove b, bar stool c,"
    " kitchen island b,"
    " extractor hood b, microwave b, dining chair b, waste bin c, window b, worktop b, freezer b",
    "bathroom": "toilet b, washbasin s, bathtub b, shower cabin b, towel rail c, mirror b, towel b, bath mat b,"
    " laundry basket c, radiator b, toilet brush c, bathroom cabinet b, shower curtain b, bidet s",
    "diningroom": "dining table b, dining chair b, sideboard b, chandelier s, china cabinet b, rug b, high chair b,"
    " window b, painting b, serving trolley b",
    "playroom": "cot b, bunk bed b, rocking horse b, toy chest b, bean bag s, play tent c, changing table b,"
    " teddy bear s,"
    " beach ball s, wall shelf b, pushchair b, balloon s, climbing frame b",
    "basement": "water heater c, boiler c, washing machine b, tumble dryer b, storage rack b, cardboard box b,"
    " paint can c,"
    " freezer b, fuse box b, old sofa b, toolbox b, suitcase b, broom c, stepladder b, gas meter b, bicycle b,"
    " concrete pillar c, wine rack b, wooden crate b, fishing rod c, heating pipe c",
    "garage": "motorcycle b, car b, bicycle b, lawnmower b, workbench b, tool cabinet b, spare tyre c, metal shelf b,"
    " stepladder b, cardboard box b, petrol can b, garage door b, scooter b, kayak c, snow shovel c, wheelbarrow b",
    "office": "desk b, office chair c, computer monitor b, filing cabinet b, whiteboard b, printer b, bookcase b,"
    " waste bin c, potted plant c, water cooler c, coat stand c, photocopier b, window b, office partition b,"
    " swivel chair c",
    "school": "school desk b, blackboard b, whiteboard b, projector b, teacher's desk b, plastic chair b, globe s,"
    " coat hook c, book cupboard b, lectern b, world map b, student s, bulletin board b",
    "lecture": "row of seats b, lectern b, projection screen b, blackboard b, student s, loudspeaker b, lecturer c,"
    " stage light c, aisle step b, folding seat b",
    "library": "bookshelf b, reading table b, reading lamp c, book trolley b, library ladder b, armchair b,"
    " stack of books b,"
    " card catalogue b, computer terminal b, librarian c, magazine rack b",
    "hospital": "hospital bed b, drip stand c, wheelchair b, patient monitor b, privacy curtain b, bedside cabinet b,"
    " nurse c, oxygen cylinder c, stretcher b, X-ray machine b, surgical lamp s, instrument trolley b, defibrillator b",
    "lab": "fume cupboard b, laboratory bench b, centrifuge c, gas cylinder c, laboratory stool c, freezer b,"
    " eyewash station c,"
    " microscope c, safety cabinet b, incubator b",
    "cafe": "café table c, wooden chair b, bar stool c, espresso machine b, menu board b, waiter c, customer c,"
    " pendant lamp s,"
    " cake display b, high table c, coat stand c, cash register b",
    "shop": "clothes rack b, checkout counter b, display case b, shopping basket b, mannequin c, cash register b,"
    " customer c,"
    " shop window b, shelf of goods b, price board b",
    "supermarket": "shopping trolley b, freezer cabinet b, shelf of groceries b, fruit stand b, checkout b, shopper c,"
    " stack of crates b, bread shelf b, refrigerated counter b, promotion sign b, stack of cans c, bottle crate b",
    "gym": "treadmill b, exercise bike b, weight bench b, punching bag c, dumbbell rack b, rowing machine b,"
    " gymnastics mat b,"
    " medicine ball s, wall bars b, vaulting box b",
    "sportshall": "basketball hoop b, handball goal b, volleyball net b, spectator bench b, scoreboard b,"
    " climbing wall b,"
    " gymnastics mat b, player c, referee c",
    "workshop": "workbench b, drill press b, band saw b, lathe b, tool cabinet b, vice b, wood pile b,"
    " welding machine b,"
    " gas cylinder c, anvil b, grinding machine b, sawhorse b, dust extractor c, compressor c",
    "warehouse": "pallet b, forklift b, pallet rack b, stack of cartons b, shipping crate b, steel drum c,"
    " pallet truck b,"
    " roller door b, warehouse worker c, conveyor b, big bag b, safety barrier b, stack of pallets b",
    "factory": "milling machine b, assembly line b, industrial robot c, overhead crane b, control cabinet b, press b,"
    " steel coil c, storage tank c, machine operator c, forklift b, steel girder b, furnace b, generator b",
    "pool": "diving board b, swimming lane b, starting block b, sun lounger b, lifeguard chair b, swimmer s,"
    " lifebuoy c",
    "museum": "sculpture c, display case b, oil painting b, plinth b, visitor c, rope barrier c, dinosaur skeleton b,"
    " marble statue c, museum bench b",
    "church": "pew b, altar b, church organ b, stone column c, stained-glass window b, pulpit c, candle stand c,"
    " crucifix b,"
    " statue of a saint c, font c, choir stall b",
    "auditorium": "grand piano b, orchestra seat b, stage curtain b, balcony b, spotlight c, row of red seats b,"
    " cinema screen b,"
    " conductor's podium b, stage b",
    "terminal": "check-in desk b, departure board b, luggage trolley b, traveller c, ticket machine b, escalator b,"
    " kiosk b,"
    " row of seats b, information desk b, advertising pillar c, suitcase b",
    "expo": "trade fair stand b, exhibition booth b, banner b, display car b, crowd of visitors b, lighting truss c,"
    " podium b,"
    " show stage b",
    "hangar": "airliner c, propeller plane c, helicopter s, boarding stairs b, fuel truck b, tow tractor b,"
    " hangar door b,"
    " jet engine c, aircraft mechanic c, airship s, glider c, scaffold tower b",
    "barn": "hay bale c, tractor b, milk churn c, cow b, feeding trough b, horse box b, straw stack b, plough b,"
    " horse b",
    "greenhouse": "tomato plant c, planter b, watering can c, grow lamp b, seed tray b, palm c, sprinkler pipe c,"
    " compost bag b",
    "server": "server rack b, cable tray b, air-conditioning unit b, network cabinet b, cooling unit b, UPS cabinet b",
    "cramped": "handrail c, control panel b, mirror b, folding stool b, fire extinguisher c, coat hook c,"
    " storage bag b",
    "carinside": "steering wheel c, dashboard b, headrest b, car seat b, gear lever c, seat belt b, rear-view mirror b,"
    " glove compartment b, child seat b",
    "cave": "stalagmite c, stalactite c, boulder s, rock pillar c, cave lake b, rope ladder b",
    "deck": "parked car b, van b, concrete column c, ticket barrier b, ticket machine b, ramp b, exit sign b,"
    " charging station b,"
    " parked motorcycle b",
    "dollhouse": "thimble-sized chair b, doll's bed b, matchbox chest of drawers b, tiny porcelain bathtub b, doll s,"
    " doll-sized wardrobe b, dollhouse table b, postage-stamp rug b, bead lampshade s, button-sized plate c,"
    " toy piano b,"
    " finger-high bookcase b, dollhouse sofa b, thumbnail-sized teapot s, toy refrigerator b, dollhouse stove b",
    "shoebox": "cardboard figure b, cotton-wool cloud s, paper tree c, cork stool c, folded-paper table b,"
    " glued-on button c,"
    " bottle cap c, clay animal s, toothpick ladder b, paper cut-out b",
    "matchbox": "matchstick c, grain of rice s, pinhead s, bead s, paper-thin figurine b, sequin c, seed s,"
    " crumb of cork s,"
    " matchstick fence b, lentil s",
    "aquarium": "goldfish s, aquarium plant c, snail shell s, ceramic castle b, air pump b, neon tetra s, pebble s,"
    " water filter c,"
    " treasure chest ornament b, driftwood b, guppy s",
    "cupboard": "jar of jam c, tin of beans c, bag of flour b, spice jar c, stack of plates c, packet of pasta b,"
    " sugar bowl s,"
    " biscuit tin c, milk carton b, yoghurt pot c, egg box b, butter dish b, ketchup bottle c, lettuce s",
    "drawer": "teaspoon c, paper clip c, pencil sharpener b, rolled-up sock s, ring box b, sewing kit b, battery c,"
    " key b,"
    " folded handkerchief b, stamp b, cork c, necklace c",
    "cage": "hamster s, running wheel c, water bottle c, wood shaving s, feeding bowl c, gecko b, heat lamp c,"
    " bird's nest s,"
    " egg s, chick s, tortoise s, small branch c",
    "boot": "grocery bag b, warning triangle b, sports bag b, car jack b, spare wheel c, crate of bottles b,"
    " picnic blanket b,"
    " first-aid kit b",
    "hall": "door b, fire extinguisher c, ceiling light b, notice board b, exit sign b, handrail c, potted plant c,"
    " bench b,"
    " fire door b, window b, carpet runner b",
    "hotel": "room door b, wall lamp c, housekeeping trolley b, ice machine b, lift door b, carpet runner b,"
    " console table b,"
    " fire extinguisher c, room-number plate b, shoe-shine machine b",
    "ward": "hospital bed b, wheelchair b, stretcher b, drip stand c, nurse c, hand-sanitiser dispenser b,"
    " double door b,"
    " handrail c, medicine trolley b, patient c, cleaning trolley b",
    "schoolhall": "locker b, classroom door b, trophy cabinet b, backpack b, pupil c, coat hook c, noticeboard b,"
    " bench b,"
    " drinking fountain b",
    "home": "coat rack c, shoe cabinet b, umbrella stand c, wall mirror b, doormat b, front door b, console table b,"
    " hat stand c, pair of shoes b, key cabinet b, staircase b, winter coat b",
    "stairs": "banister c, stair step b, landing b, stair carpet b, newel post c, stair gate b, handrail c,"
    " wall lamp c",
    "racks": "server rack b, pallet rack b, shelf of books b, step stool b, shelf of boxes b, stack of cartons b",
    "carriage": "row of seats b, luggage rack b, passenger c, overhead locker b, folding table b, window seat b,"
    " suitcase b,"
    " grab pole c, headrest b, train door b",
    "platform": "passenger c, platform bench b, ticket machine b, station clock c, train b, platform sign b,"
    " vending machine b,"
    " waste bin c, advertising board b, escalator b, steel column c",
    "cells": "cell door b, barred window b, prison guard c, steel gate b, surveillance camera b, food trolley b",
    "cloister": "stone arch b, stone column c, stone bench b, statue c, fountain c, monk c, vaulted bay b",
    "mouse": "laboratory mouse s, cheese cube b, plastic partition b, food pellet s, dollhouse door b, thimble c,"
    " matchbox bench b, doll s",
    "street": "parked car b, tree c, house b, street lamp c, pedestrian c, bicycle b, hedge b, mailbox b,"
    " wheelie bin b,"
    " garden fence b, delivery van b, front garden b, fire hydrant c, cyclist c, child c, dog s, apartment building b,"
    " road sign c, driveway b, letter box b",
    "city": "car b, bus b, tram b, traffic light c, pedestrian c, lorry b, taxi b, office building b,"
    " apartment building b,"
    " zebra crossing b, street lamp c, cyclist c, bus stop b, motorcycle b, shop front b, traffic sign c,"
    " parked car b, van b,"
    " advertising column c, skyscraper b, street tree c, bollard c, crash barrier b",
    "motorway": "lorry b, articulated truck b, motorway bridge b, crash barrier b, gantry sign b, overtaking car b,"
    " coach b,"
    " noise barrier b, emergency telephone c, exit sign b, tanker c, car b, wind turbine c, exit lane b",
    "country": "farmhouse b, field of wheat b, tree c, tractor b, wooden fence b, hay bale c, cow b, telegraph pole c,"
    " signpost c,"
    " stone wall b, oncoming car b, hill s, barn b, bush s",
    "alley": "rubbish container b, fire escape b, back door b, drainpipe c, wheelie bin b, stray cat s,"
    " stack of crates b,"
    " washing line c, parked scooter b, graffiti wall b, brick wall b, dustbin c, air-conditioning unit b",
    "site": "excavator b, tower crane c, concrete mixer c, pile of sand s, scaffolding b, site fence b,"
    " construction worker c,"
    " cement bag b, dumper truck b, bulldozer b, pile of bricks b, traffic cone c, portable toilet b, steel beam b,"
    " concrete pipe c",
    "market": "market stall b, fruit crate b, parasol c, vendor c, shopper c, flower bucket c, food truck b, awning b,"
    " barrel c",
    "garden": "garden chair b, flower pot c, lawnmower b, garden shed b, apple tree c, barbecue c, hedge b, swing b,"
    " wheelbarrow b, garden table b, paddling pool c, bush s, bird bath c, trampoline c, garden gnome c,"
    " compost heap s",
    "park": "park bench b, oak tree c, jogger c, fountain c, flower bed b, pond c, statue c, picnic blanket b, dog s,"
    " lamp post c,"
    " bush s, playing child c",
    "play": "swing b, slide b, sandpit b, climbing frame b, seesaw b, roundabout c, park bench b, child c,"
    " spring rider s,"
    " basketball hoop b, bicycle rack b",
    "fuel": "petrol pump b, parked car b, price sign b, tanker c, car wash b, air-pressure station b, motorcyclist c",
    "harbour": "fishing boat b, container crane b, container ship b, lighthouse c, bollard c, shipping container b,"
    " sailing yacht b,"
    " ferry b, seagull s, fishing net b",
    "airfield": "airliner c, runway light s, control tower c, fire engine b, windsock c, fuel truck b, passenger jet c",
    "stadium": "floodlight mast c, grandstand b, goal b, scoreboard b, football player c, running track b,"
    " corner flag c,"
    " advertising hoarding b, crowd of spectators b, team bench b",
    "forest": "fallen trunk c, pine tree c, fern s, boulder s, tree stump c, birch c, mushroom c, wooden signpost c,"
    " hiker c, bush s",
    "beach": "beach umbrella c, beach chair b, palm tree c, surfboard b, sand dune s, lifeguard tower b, bather c,"
    " wicker beach chair b",
    "camp": "tent b, camper van b, campfire c, camping chair b, picnic table b, caravan b, cool box b, gas stove c",
    "square": "town hall b, fountain c, statue c, café parasol c, church tower c, tourist c, pigeon s, market cross c,"
    " flower tub c",
    "toystreet": "toy car b, plastic tree c, model house b, toy lorry b, model lamp post c, plastic figure c,"
    " matchbox car b,"
    " model locomotive b, plastic cow b, cardboard house b, toy traffic light c, toy bus b, model signal box b,"
    " sponge bush s,"
    " painted pedestrian figure c, matchstick fence b, toy crane c, model station b, plastic soldier c, toy train b",
    "bricktown": "plastic brick b, brick-built house b, minifigure c, brick-built car b, toy policeman c,"
    " plastic flower s,"
    " interlocking brick tower b, toy fire engine b",
    "desk": "keyboard b, computer monitor b, computer mouse s, laptop b, notebook b, pen c, coffee mug c, desk lamp c,"
    " stapler b, pencil holder c, telephone b, magazine b, water bottle c, cup c, calculator b, stack of paper b,"
    " tablet b,"
    " headphones case b, sticky-note pad b, webcam b, file folder b, tape dispenser b, hole punch b, book b",
    "counter": "mug c, bowl s, cereal box b, mustard bottle c, toaster b, kettle c, chopping board b, knife block b,"
    " frying pan c,"
    " saucepan c, banana c, apple s, bread bin b, coffee machine b, milk carton b, soup can c, sugar box b,"
    " spice rack b,"
    " bottle of olive oil c, tomato s, colander s, wooden spoon c, potato s, onion s, dish rack b, blender c, lemon s,"
    " rolling pin c, measuring jug c, ketchup bottle c",
    "tabletop": "mug c, bowl s, cereal box b, plate c, glass c, fruit bowl s, banana c, apple s, teapot s, book b,"
    " vase c,"
    " candle c, pitcher c, cracker box b, soup can c, tuna can c, mustard bottle c, sugar box b, tennis ball s,"
    " orange s,"
    " scissors case b, wooden block b, foam brick b, marker pen c, spray bottle c, bleach bottle c, cordless drill b,"
    " potted-meat can b, gelatin box b, jug c, cup c, wine bottle c, napkin b, newspaper b, remote control b,"
    " tissue box b,"
    " juice carton b, water bottle c, game controller b, toy block b, coffee can c, pear s, peach s, spoon c,"
    " shampoo bottle c",
    "dinner": "plate c, wine glass c, soup tureen s, salad bowl s, candlestick c, bread basket s, water jug c,"
    " napkin b, serving dish b,"
    " roast chicken s, wine bottle c, gravy boat s, cake c, chair b, champagne bucket c",
    "bench": "cordless drill b, hammer b, screwdriver c, wrench b, pair of pliers b, vice b, toolbox b,"
    " tape measure b, hand saw b,"
    " glue bottle c, jar of nails c, wood plank b, paint can c, soldering iron c, spirit level b, clamp b,"
    " box of screws b,"
    " roll of tape c, safety helmet s, circular saw b, chisel c, oil can c, power drill b",
    "nightstand": "alarm clock b, table lamp c, glass of water c, paperback b, phone b, pair of glasses b, pill box b,"
    " tissue box b",
    "labbench": "test-tube rack b, beaker c, Erlenmeyer flask s, pipette c, microscope c, Bunsen burner c,"
    " bottle of acid c,"
    " digital scale b, measuring cylinder c, magnetic stirrer b, box of gloves b",
    "shelf": "book b, picture frame b, vase c, small clock b, storage box b, folded towel b, trophy c, jar c,"
    " ornament s, cactus s,"
    " perfume bottle c",
    "conference": "laptop b, conference phone s, water bottle c, glass c, office chair c, notepad b, name plate b,"
    " projector b,"
    " coffee pot c, stack of documents b",
    "bar": "beer glass c, wine bottle c, cocktail shaker c, whisky bottle c, bar stool c, beer tap c, bowl of nuts s,"
    " ashtray c,"
    " coffee cup c, cake stand c, tip jar c",
    "parcel": "parcel b, carton b, shopping bag b, can of soup c, milk carton b, cash register b, barcode scanner b,"
    " bottle of cola c,"
    " plastic crate b, bread loaf b, bag of potatoes s, bag of crisps b",
    "stove": "frying pan c, saucepan c, kettle c, stock pot c, wok s, spatula b, ladle c, pepper mill c, plate c,"
    " sponge b,"
    " dish brush c, washing-up bottle c",
    "meal": "fork b, knife b, spoon c, fried egg c, sausage c, slice of bread b, cherry tomato s, salt shaker c,"
    " pat of butter b,"
    " meatball s, slice of cucumber c, strawberry s, grape s, biscuit c, teacup c, cube of cheese b, egg cup c",
    "board": "chess piece c, dice b, playing card b, draughts piece c, pawn c, domino b, game token c, white queen c,"
    " black knight c",
    "watch": "watch gear c, tweezers b, watch case c, loupe c, tiny screw c, watch strap b, ring c, gemstone s,"
    " pocket watch c, pearl s,"
    " silver coin c, earring s, postage stamp b, magnifying glass c",
    "chip": "resistor c, capacitor c, microchip b, solder joint s, transistor b, light-emitting diode s, pin header b,"
    " USB socket b,"
    " quartz crystal b, ribbon connector b, coin cell c",
    "specimen": "ant s, bacteria colony s, seed s, drop of water s, insect leg c, pollen grain s, beetle s,"
    " agar disc c, fly s,"
    " tiny crystal b, ladybird s, grain of sand s, salt crystal b",
    "dolltable": "doll's teacup c, thimble c, doll's plate c, acorn cup s, button c, toy teapot s, toy spoon c,"
    " bead apple s,"
    " doll-sized cake c, clay bun s",
    "toybench": "toy hammer b, wooden peg c, toy saw b, plastic screw c, half-painted toy soldier c,"
    " wooden toy wheel c, glue tube c,"
    " doll's head s, toy boat b, model aeroplane b, paint pot c, small paintbrush c, wooden toy horse b",
    "surgery": "scalpel b, surgical forceps b, kidney dish b, syringe c, gauze swab b, clamp b,"
    " pair of surgical scissors b,"
    " bandage roll c, suture kit b",
    "billiard": "billiard ball s, cue ball s, cue c, chalk cube b, triangle rack b, table tennis bat c, net b,"
    " ping-pong ball s,"
    " table football player c",
    "craft": "sewing machine b, spool of thread c, pincushion s, fabric roll c, pair of scissors b, knitting ball s,"
    " iron b, ruler b,"
    " paint tube c, brush jar c, sketchbook b, drawing compass b, desk lamp c, crayon c, ink bottle c",
    "floor": "teddy bear s, toy truck b, building block b, football s, picture book b, cushion b, toy train b,"
    " skateboard b,"
    " slipper b, backpack b, pet bowl c, sleeping cat s, vacuum cleaner c, shoe b",
    "sand": "plastic bucket c, toy spade b, sand castle c, watering can c, beach ball s, sand mould s, toy digger b,"
    " rake b",
    "pallet": "cement bag b, carton b, steel drum c, plastic barrel c, car battery b, sack of grain b, wooden crate b,"
    " gas bottle c,"
    " stack of bricks b, roll of cable c, hay bale c",
    "stall": "crate of apples b, basket of oranges s, pumpkin s, jar of honey c, cabbage s, kitchen scale b,"
    " bunch of flowers c,"
    " wheel of cheese c, melon s, box of strawberries b, tray of eggs b",
    "gut": "polyp s, mucosal fold c, stool residue s, biopsy forceps c, haustral fold c, snare wire c, diverticulum s,"
    " ulcer s, bubble s,"
    " appendix opening s, adenoma s, injection needle c",
    "airway": "bronchial branch c, cartilage ring c, mucus plug s, carina b, biopsy brush c, tumour s,"
    " suction catheter c, nodule s",
    "stomach": "gastric fold c, ulcer s, polyp s, pylorus c, gastric bubble s, feeding tube c, food remnant s,"
    " gastric varix s",
    "vessel": "blood clot s, plaque s, vessel branch c, stent c, catheter tip c, guide wire c, valve leaflet b,"
    " red blood cell s",
    "ear": "eardrum c, plug of earwax s, ear hair c, nasal septum b, nasal polyp s, turbinate s, cotton fibre c",
    "pipe": "pipe joint c, root s, rust patch s, limescale lump s, leaf s, crack b, pipe bend c, grease deposit s,"
    " inspection robot b,"
    " rat s, pebble s, welding seam c",
    "sewer": "manhole shaft c, sewage channel b, ladder rung c, rat s, side inlet c, brick pillar b, sewer worker c,"
    " pile of sludge s,"
    " iron gate b, puddle s",
    "duct": "fan c, air filter b, grille b, duct flange b, cable c, dust ball s, rivet c, damper flap b, metal strut b",
    "tunnel": "emergency phone c, lane marking b, tunnel lamp b, car b, lorry b, jet fan c, emergency exit b, kerb b,"
    " exit sign b,"
    " overhead line c, rail b, cable duct b, oncoming train b, safety niche b, signal light s",
    "mine": "mine cart b, wooden prop c, pit lamp s, pile of ore s, miner c, conveyor b, rail b, rock bolt c,"
    " ventilation hose c,"
    " drilling rig b, boulder s, pickaxe b",
    "burrow": "earthworm c, root s, pebble s, rabbit s, mole s, heap of soil s, dry leaf s",
    "smalltube": "marble s, cork c, drop of water s, speck of dust s, bubble s, bead s, wisp of hair c,"
    " grain of sand s",
    "shaft": "ladder b, steel cable c, lift cabin b, bucket c, guide rail c, water surface c, iron rung c,"
    " landing door b",
    "plant": "turbine blade b, inspection hatch c, welding seam c, stiffener ring c, flange c, safety rope c,"
    " inspector c, flow sensor b,"
    " manhole cover c",
    "toytrack": "model locomotive b, toy train b, plastic track b, papier-mâché rock s, toy carriage b, model signal c",
}

# Backdrops that fit a setting and carry no name of the place; used like objects, without count or position.
_FEATURES: dict[str, str] = {
    "home": "curtains at the window; a wooden floor; pictures on the wall; daylight through the window;"
    " a carpeted floor;"
    " wallpaper on the walls; a patterned rug; white walls and a ceiling lamp",
    "wet": "tiled walls; white tiles; a tiled floor; a frosted window; steam on the mirror",
    "work": "grey carpet tiles; a suspended ceiling; blinds at the windows; fluorescent tubes on the ceiling;"
    " cables on the floor",
    "storage": "shelves full of boxes; bare concrete walls; pipes under the ceiling; dusty shelves;"
    " a single bulb on the ceiling;"
    " tools hanging on the wall; a concrete floor; a pegboard wall; boxes piled against the wall",
    "hall": "a high ceiling; steel trusses under the roof; skylights in the roof; rows of ceiling lights;"
    " steel columns;"
    " yellow lines painted on the floor",
    "grand": "a vaulted ceiling high above; tall columns; galleries on both sides; a towering roof;"
    " light falling from high windows",
    "mini": "paper walls; a glued-in floor; one side left open; cardboard walls; printed wallpaper cut from a magazine;"
    " the edge of the box in view",
    "glass": "glass walls; gravel on the bottom; a mesh lid; reflections on the pane",
    "passage": "doors on both sides; a row of ceiling lights; a shiny linoleum floor; a window at the far end;"
    " plain painted walls;"
    " a handrail along the wall",
    "aisle": "shelves on both sides; full shelves left and right; a polished floor; hanging signs overhead",
    "houses": "houses on both sides; a pavement along the kerb; a row of front gardens; parked cars along the kerb;"
    " a clear blue sky;"
    " an overcast sky; red brick houses; trees lining the pavement; terraced houses on the right;"
    " garden walls on the left",
    "town": "tall buildings on both sides; dark apartment blocks on the right; two lanes and a bus lane; wet asphalt;"
    " shops on the left;"
    " overhead wires; a grey sky; lane markings on the asphalt; office blocks in the background; heavy traffic;"
    " a cycle lane; a pavement full of people",
    "highway": "three lanes in each direction; guard rails on both sides; fields beyond the verge; a wide grey sky;"
    " light traffic;"
    " dashed lane markings; hills in the distance",
    "rural": "fields on both sides; grass verges; a line of trees; meadows and hills behind; an open sky",
    "walls": "brick walls on both sides; peeling plaster; puddles on the ground; cables overhead; a strip of sky above",
    "open": "a wide sky; grass all around; buildings in the background; clouds above; trees at the edge",
    "toys": "painted cardboard houses; a plywood base; green felt for grass; a hand-painted backdrop;"
    " plastic buildings on both sides",
    "surface": "a plain wall behind; a scratched surface; a checked tablecloth; crumbs scattered about;"
    " a white background;"
    " a blurred background; a window behind; a smooth surface",
    "tools": "sawdust everywhere; tools hanging behind; wood shavings on the top; an oily surface; a pegboard behind",
    "fine": "a shallow depth of field; a strong macro view; a bright lamp just above; a dark background;"
    " a ruler along the edge",
    "body": "moist pink walls; fine blood vessels; the endoscope light reflecting on the mucosa; glistening folds;"
    " a dark lumen ahead;"
    " red tissue all around",
    "pipe": "rusty walls; a trickle of water at the bottom; a dark end ahead; smooth plastic walls;"
    " the light of the camera on the wall",
    "tunnel": "concrete walls; a row of lamps along the ceiling; a bright exit in the distance;"
    " tiled walls on both sides; damp stone",
}

# name | metres | weight | preposition | train names | unseen names | own objects | pools | feature pools | telling;
# an indented line continues the one before.
_PLACES: dict[str, str] = {
    "room": """
bedroom|2.5|4|in|sleeping room, guest bedroom, main bedroom, teenager's bedroom, student bedroom, room with a bed,
  double bedroom, single bedroom, dormitory room, sleeping quarters, master bedroom|spare bedroom, bedchamber||bedroom|
  home|y
living room|2.8|4|in|lounge, sitting room, family room, living area, TV room, family living room, cosy sitting room,
  salon, room with a sofa, apartment living room|front room, parlour||living|home|y
kitchen|2.4|4|in|fitted kitchen, family kitchen, home kitchen, kitchenette, apartment kitchen, cooking area,
  home cooking space, open kitchen, kitchen of a flat|galley kitchen, cook's kitchen||kitchen|home, wet|y
bathroom|1.8|3|in|bath, washroom, shower room, family bathroom, ensuite bathroom, shower bath, toilet and bathroom,
  guest bathroom, bathroom of a flat|restroom, wet room||bathroom|wet|y
toilet cubicle|1.2|.7|in|toilet stall, lavatory, WC|loo|toilet roll c, toilet b, toilet brush c, cistern b|bathroom|
  wet|n
dining room|2.9|2|in|eating area, dining area, breakfast room, dining hall of a house, room with a dining table,
  breakfast area|dinner room, room for meals||diningroom|home|y
home office|2.3|2|in|study, private study, writing room, home workspace, room with a desk at home, computer corner,
  studio|den with a desk, home study||office|home, work|n
children's room|2.4|1.5|in|playroom, kids' bedroom, child's room|kids' room, play area||playroom, bedroom|home|n
nursery|2.3|.7|in|baby's room, infant room, day nursery|crib room|cot b, changing table b, rocking chair b|playroom|
  home|n
basement|3|2.5|in|cellar, storage cellar, utility basement, boiler room, house basement, cellar of a house,
  basement storage room, heating room, crawl cellar, underground room|underground storeroom, cellar room||basement|
  storage|y
attic|2.8|1|in|loft, roof space, garret, attic floor, roof loft, attic storage|space under the roof, attic room|
  roof beam b, old trunk b|basement|storage|n
garage|3.6|3|in|home garage, car garage, single garage, double garage, carport, garage of a house, workshop garage,
  place for parking the car indoors, motorcycle garage, bicycle garage|lock-up, garage for two cars||garage|storage|y
laundry room|2|1|in|utility room, wash house, laundry, room with washing machines, laundrette, drying room|
  washing room|ironing board b, washing machine b, tumble dryer b, laundry basket c, detergent bottle c|bathroom|wet|n
storage closet|1.3|1|in|broom cupboard, storeroom cupboard, walk-in pantry, pantry, closet, store cupboard,
  cleaning cupboard, walk-in closet|larder, box room|broom c, vacuum cleaner c, bucket c, mop c|basement|storage|n
office|3.2|4|in|office room, workplace, company office, business office, shared office, cubicle, office interior,
  workspace, corner office, room with office desks, computer office|bureau room, administrative office||office|work|y
open-plan office|5.5|1.5|in|open office floor, cubicle farm, office floor with many desks, office hall with many desks,
  co-working space, trading floor, newsroom|open workspace floor, call centre|row of desks b, office partition b,
  meeting booth b|office|work|n
meeting room|3.9|1.5|in|conference room, boardroom, seminar room, briefing room, room with a long table,
  video conference room|discussion room, council room|conference table b, projection screen b, flip chart b,
  video screen b|office|work|y
classroom|4.5|3|in|schoolroom, school classroom, teaching room, class, lesson room, elementary school class,
  room with school desks, training room, computer classroom|room of a school, pupils' classroom||school|work|y
lecture hall|9|2|in|lecture theatre, auditorium of a university, university lecture room, university auditorium,
  lecture auditorium, hall with rows of seats, amphitheatre|raked lecture auditorium||lecture|hall, work|y
library|4.5|2|in|public library, university library, reading room, book hall, municipal library, school library,
  library hall, room full of bookshelves|reading hall, bookroom||library|home, work|y
hotel room|2.8|2|in|guest room, motel room, hostel room, hotel bedroom, holiday apartment room|inn room, hotel suite|
  minibar b, luggage rack b, television b|bedroom|home|n
hospital ward|3.5|1.5|in|hospital room, patient room, sickroom, ward, hospital bedroom, intensive care room,
  treatment room, room with hospital beds, doctor's room|clinic room||hospital|wet, work|y
operating theatre|3|1|in|operating room, surgery room, surgical suite, room for operations, hospital theatre|
  surgical theatre|operating table b, anaesthesia machine b, surgical lamp s, surgeon c|hospital|wet|y
laboratory|3|1.5|in|lab, chemistry laboratory, research laboratory, science room, physics laboratory,
  biology laboratory, cleanroom|research lab||lab|work|y
waiting room|3.8|1|in|doctor's waiting room, reception, lobby of a practice, waiting lounge, reception area, lobby|
  waiting area|row of chairs b, magazine table b, reception desk b, aquarium b|office|work|n
café|3.7|1.5|in|coffee shop, coffee house, bistro, cafeteria, coffee bar, ice-cream parlour, snack bar, bakery|
  tea room, espresso bar||cafe|home|y
restaurant|4.5|1.5|in|dining restaurant, pizzeria, canteen, diner, dining hall, inn, fast-food restaurant, pub|eatery,
  brasserie|laid table b, wine rack b|cafe|home|n
shop|4|1.5|in|clothes shop, boutique, store, retail store, shop interior, gift shop, sales room, kiosk,
  boutique interior|shoe shop, fashion store||shop|work|y
bookshop|4|.8|in|bookstore, book store, second-hand bookshop|bookseller's|bookshelf b, table of bestsellers b,
  cash register b|library|home|n
supermarket|5.5|2|in|grocery store, food store, grocery, discount supermarket, market hall, food market, superstore,
  self-service store|hypermarket, grocer's||supermarket|aisle|y
furniture showroom|5|.8|in|furniture store, furniture shop, sofa shop|home furnishing store|sofa b, bed b, price tag b,
  armchair b|living|hall|n
gym|5.5|1|in|fitness studio, fitness centre, weight room, workout room, fitness room, training centre|health club||gym|
  hall|y
sports hall|14|1|in|gymnasium, indoor basketball court, indoor sports arena, handball hall, indoor stadium,
  gym hall of a school|PE hall, indoor court||sportshall|hall|y
workshop|3.2|2.5|in|carpenter's workshop, metal workshop, repair shop, joinery, mechanic's workshop, wood shop,
  machine shop, tool room, forge, car repair shop, atelier|makerspace, craftsman's shop||workshop|storage, tools|y
warehouse|11|2.5|in|storage hall, distribution centre, logistics hall, storehouse, depot, warehouse hall, goods depot,
  storage building, freight hall|fulfilment centre, stockroom hall||warehouse|hall|y
factory hall|14|2|in|factory, production hall, manufacturing plant, assembly hall, plant floor, works hall,
  machine hall, steelworks, car plant, industrial building, manufacturing hall|shop floor of a plant, industrial hall||
  factory|hall|y
swimming hall|12|.8|in|indoor swimming pool, swimming baths, indoor pool, swimming pool hall, public pool, pool hall|
  natatorium, aquatic centre||pool|hall|y
museum gallery|7|1|in|museum, art gallery, exhibition room of a museum, exhibition room, museum hall,
  picture exhibition|picture gallery||museum|hall|y
church|14|1|in|chapel, parish church, church nave, church interior, house of worship, mosque, temple hall|
  place of worship, village chapel||church|grand|y
cathedral|26|1|in|minster, gothic cathedral, basilica, big city church, dome, cathedral nave|great abbey church|
  rose window b, nave column c, high altar b|church|grand|n
concert hall|20|.8|in|opera house, philharmonic hall, theatre auditorium, opera auditorium, theatre hall, music hall|
  symphony hall, playhouse||auditorium|grand|y
cinema|11|.8|in|movie theatre, film theatre, multiplex auditorium, film auditorium, movie house, film hall|
  picture house|cinema screen b, cinema seat b, projector b|auditorium|hall|n
station concourse|22|1|in|railway station hall, train station hall, central station hall,
  main hall of a railway station, station hall|rail terminus hall||terminal|grand|n
airport terminal|22|1|in|departure hall, airport hall, check-in hall, terminal building, airport building,
  air passenger hall, airport departures area|air terminal, arrivals hall|baggage belt b, check-in desk b,
  departure board b, gate counter b|terminal|grand|y
exhibition hall|28|1|in|trade fair hall, convention hall, expo hall, trade show hall, fair hall, exposition hall,
  show hall|fairground hall, congress hall||expo|hall, grand|y
aircraft hangar|42|1.2|in|airplane hangar, hangar, airship shed, hall for airplanes, aeroplane hangar,
  airline maintenance hall, zeppelin hall, hangar for jets|aviation shed, aerodrome hangar||hangar|hall, grand|y
barn|9|.8|in|cowshed, hay barn, stable, farm shed, cattle shed, horse stable, farm building|byre||barn|storage|n
greenhouse|4.5|.8|in|glasshouse, hothouse, conservatory|plant house||greenhouse|storage|n
server room|3|.8|in|data centre room, computer room, IT room|machine room with servers||server|work|n
lift cabin|1.2|.7|in|elevator, lift, elevator car, elevator cabin, lift car|passenger elevator|lift button b,
  floor indicator b|cramped|work|n
tent|1.4|.7|in|camping tent, two-man tent, igloo tent|bivouac|sleeping bag c, camping lamp c, rucksack b,
  air mattress b|cramped|home|n
camper van|1.7|.7|in|caravan interior, motorhome, mobile home|recreational vehicle|bench seat b, folding table b,
  gas stove c|cramped|home|n
car interior|.9|1|in|car cabin, inside of a car, driver's cab, inside of an automobile, front seats of a car,
  cockpit of a car|vehicle interior||carinside|work|y
cave chamber|8|.7|in|cave, grotto, cavern|dripstone cave||cave|walls|n
underground car park|9|1.5|in|parking garage, multi-storey car park, parking deck, indoor car park, basement car park,
  car park deck, underground garage|parkade, indoor parking level||deck|hall, storage|y
doll's house bedroom|.25|1.6|in|dollhouse bedroom, bedroom of a doll's house, doll bedroom, toy bedroom,
  bedroom in a dollhouse, toy house bedroom, doll-sized bedroom|miniature bedroom for dolls|doll's bed b,
  doll-sized wardrobe b|dollhouse|mini|y
doll's house kitchen|.25|1.3|in|dollhouse kitchen, kitchen of a doll's house, toy kitchen for dolls,
  kitchen in a dollhouse, toy house kitchen, doll-sized kitchen|miniature kitchen for dolls|toy refrigerator b,
  dollhouse stove b|dollhouse|mini|y
doll's house living room|.27|1.3|in|dollhouse parlour, living room of a doll's house, toy living room,
  living room in a dollhouse, dollhouse lounge, dollhouse sitting room, dollhouse, doll's house|
  miniature sitting room for dolls|dollhouse sofa b, toy piano b|dollhouse|mini|y
shoe box room|.22|1.2|in|shoe box, shoe box diorama, room built in a shoe box, cardboard shoe carton,
  carton that held shoes, diorama in a shoe box, shoe carton with paper furniture|shoebox scene||shoebox|mini|y
matchbox diorama|.05|1|in|matchbox, scene in a matchbox, matchbox theatre, tiny diorama in a matchbox,
  matchbox with figurines, scene built in a box of matches|room inside a matchbox||matchbox|mini|y
aquarium|.42|1.3|in|fish tank, aquarium tank, home aquarium, goldfish tank, tank with goldfish, fishbowl,
  freshwater aquarium, fish aquarium|glass tank with fish||aquarium|glass|y
terrarium|.42|.9|in|vivarium, hamster cage, reptile tank, small animal cage, hamster home, lizard tank,
  guinea-pig cage|rodent cage||cage|glass|y
kitchen cupboard|.5|1|in|pantry cupboard, cupboard shelf, food cupboard, wall cupboard|dresser compartment||cupboard|
  surface|y
open fridge|.55|1|in|fridge, inside of a fridge, fridge compartment, refrigerator interior, opened refrigerator|
  icebox interior|bottle of milk c, piece of cheese b, vegetable drawer b|cupboard|surface|n
drawer|.33|1|in|open drawer, desk drawer, pulled-out drawer, kitchen drawer, sock drawer, drawer of a desk|
  dresser drawer||drawer|surface|y
jewellery box|.13|.8|in|jewelry box, ring case, trinket box, case for rings, jewel box, watch box|jewel casket|ring c,
  earring s, necklace c, pearl s, brooch b|watch|fine|y
bird box|.16|.7|in|nest box, birdhouse, nesting box|bird's nesting house|bird's nest s, egg s, chick s, feather b||
  mini|n
cardboard box|.5|1|in|open carton, moving box, packing box, parcel box, opened parcel, delivery box|shipping carton|
  crumpled paper s, book b, bubble wrap roll c, folded jumper b|shelf|surface|n
car boot|.95|.8|in|car trunk, boot of a car, luggage space of a car, luggage compartment, trunk of a car|
  tailgate compartment||boot|surface|n
toy theatre|.45|.8|in|puppet theatre, paper theatre, puppet stage|marionette stage|hand puppet c, paper curtain b,
  cardboard figure b, painted backdrop b||mini|y
architect's room model|.33|.8|in|architectural model of a room, interior scale model, foam-board model of a room|
  maquette of an interior|foam-board wall b, paper chair b, balsa table b, plastic figure c|shoebox|mini|y
""",
    "corridor": """
hotel corridor|6.2|3|in|hotel hallway, hotel passage, corridor of a hotel, hotel floor with many doors,
  corridor with room doors, hotel aisle, long hallway of a hotel|hotel landing, guest-room hallway||hotel|passage|y
hospital corridor|7|3|in|hospital hallway, clinic corridor, corridor of a hospital, hospital passage, ward corridor,
  clinic hallway, corridor of a clinic|infirmary hallway||ward|passage|y
school corridor|7|3|in|school hallway, corridor of a school, school passage, hallway with lockers,
  school hall with lockers, locker corridor, kindergarten corridor|high-school hall, college hallway||schoolhall|
  passage|y
office corridor|6|3|in|office hallway, corridor of an office building, corridor, hallway, passageway, long corridor,
  long hallway, aisle between offices, company corridor, building corridor, hall|office passage, business hallway|
  office door b, water cooler c, photocopier b|hall|passage|n
university corridor|7|1|in|university hallway, faculty corridor, institute corridor|campus hallway|seminar-room door b,
  poster board b, locker b|hall|passage|n
apartment hallway|3.2|2|in|flat hallway, hallway of a flat, home hallway, hall of an apartment, flat entrance,
  inner hallway, narrow home corridor, landing of a house|entryway of a flat, flat corridor||home|home|y
entrance hall|2.9|1.5|in|foyer of a house, house entrance, front hall, vestibule, entrance area, entrance of a house,
  hall of a house, lobby of a house, porch|entryway||home|home|y
staircase|3|3|on|stairs, stairwell, flight of stairs, stairway, stair flight, staircase of a house, wooden stairs,
  stone stairs, spiral staircase, stairs leading up|steps between two floors, stairhead||stairs|passage|y
escape stairwell|3.6|.7|in|emergency stairs, fire stairs, concrete stairwell|emergency stairwell|exit sign b,
  fire door b|stairs|passage|n
supermarket aisle|6|2|in|grocery aisle, aisle of a supermarket, store aisle, aisle in a shop, aisle of groceries,
  shopping aisle|food-store aisle||supermarket|aisle|n
library aisle|4.2|1|in|aisle between bookshelves, row of bookshelves, book stacks|bookcase alley|bookshelf b,
  library ladder b, step stool b, shelf of books b, stack of books b||aisle|n
warehouse aisle|12|1.5|in|aisle between pallet racks, storage aisle, high-bay aisle, aisle of a warehouse,
  corridor between high racks, aisle in a distribution centre|racking lane||warehouse|hall, aisle|n
server aisle|4.2|.8|in|data centre aisle, aisle between server racks, row of server racks|server lane||server|aisle|n
archive corridor|4.5|.6|in|archive aisle, records store, file store aisle|document vault|archive shelf b,
  box of files b, mobile shelving unit b, filing cabinet b||aisle|n
basement corridor|4.5|1|in|cellar corridor, cellar passage, basement passage|cellar hallway|heating pipe c, fuse box b,
  cellar door b, bicycle b||storage|n
ship corridor|4.5|.7|in|ship's passageway, ferry corridor, companionway on a ship|below-deck gangway|porthole c,
  cabin door b, lifebuoy c, bulkhead door b||passage|n
train carriage|5|1.2|in|railway carriage, train compartment aisle, train car, tram interior, railway coach,
  passenger train interior, metro car, subway car|railcar||carriage|passage|y
bus interior|4.3|1|in|inside of a bus, bus aisle, coach interior, interior of a bus, city bus inside, minibus interior|
  passenger bus cabin|bus seat b, grab pole c, driver's seat b, stop button s|carriage|passage|n
aircraft cabin|5.5|1|in|airplane cabin, plane aisle, cabin of an airliner, passenger cabin, airplane interior,
  inside of a plane|jet's passenger cabin|aircraft seat b, overhead locker b, drinks trolley b, cabin crew member c|
  carriage|passage|n
underground station|12|1.2|in|metro station, subway station, tube station platform, underground platform,
  subway platform, metro platform, underground railway stop|rapid-transit station||platform|tunnel|y
pedestrian underpass|9|1.2|in|pedestrian tunnel, foot tunnel, underpass, subway under the road, pedestrian subway,
  passage under a road, tunnel for pedestrians|walkway beneath the road|graffiti wall b, pedestrian c, bicycle b,
  handrail c, tunnel lamp b||tunnel|n
prison corridor|8|.7|in|jail corridor, cell block, prison wing|penitentiary hallway||cells|passage|n
cloister|9|.7|in|monastery walk, arcade of a monastery, cloister walk|abbey arcade||cloister|grand|n
museum corridor|8|.8|in|museum passage, long gallery, gallery corridor|museum hallway|oil painting b, plinth b,
  sculpture c|museum|passage|n
shopping arcade|15|1.2|in|shopping mall, mall walkway, shopping centre, mall, indoor shopping street, shopping passage,
  department store, arcade with shops|galleria|shop window b, escalator b, shopper c, advertising pillar c, kiosk b,
  palm c, information desk b||grand|n
airport concourse|25|.8|in|airport pier, gate corridor of an airport, long terminal walkway, airport corridor,
  airport walkway, hall with airport gates|moving-walkway hall|moving walkway b, gate counter b, row of seats b,
  departure board b, traveller c||grand|n
factory corridor|9|.6|in|plant corridor, industrial corridor, service corridor of a factory|works passage|
  control cabinet b, steel door b, pipe rack b, forklift b||hall|n
doll's house corridor|.28|1.2|in|dollhouse corridor, dollhouse hallway, hallway of a doll's house,
  corridor in a dollhouse, toy house hallway|toy-house passage|dollhouse door b, thimble-sized chair b, doll s,
  postage-stamp rug b, bead lampshade s||mini|y
doll's house staircase|.2|.9|on|dollhouse stairs, stairs of a doll's house, matchstick staircase|toy-house stairs|
  matchstick banister c, doll s, postage-stamp rug b, thimble-sized chair b||mini|y
mouse maze|.3|1|in|rat maze, laboratory maze, maze for mice, cardboard maze, labyrinth for mice, maze for a rat,
  toy maze|rodent labyrinth||mouse|mini|y
""",
    "street": """
residential street|12|4|on|suburban street, neighbourhood street, quiet side street, street with family houses, street,
  street in a housing area, street of detached houses, road in a neighbourhood, suburb, housing street, cul-de-sac,
  side road, street of terraced houses|housing-estate road, suburban lane||street|houses|y
city road|14|4|on|city street, urban road, town street, two-lane road, main street, inner-city road, road,
  big-city road, road in the city, street in the city centre, busy street, four-lane city road, city lane,
  asphalt road, downtown street, town centre|downtown road, high street||city|town|y
crossroads|15|2|at|road junction, street intersection, intersection, junction with traffic lights, crossing,
  signalled junction, road crossing, street corner|four-way junction||city|town|n
boulevard|18|1|on|avenue, wide avenue, tree-lined avenue, promenade, broad avenue, ring road|parkway|tram b,
  street tree c|city|town|n
motorway|28|3|on|highway, freeway, expressway, dual carriageway, three-lane motorway, turnpike, fast road,
  multi-lane highway, superhighway, six-lane highway, national highway, express road|autobahn, interstate||motorway|
  highway|y
country road|18|2|on|rural road, country lane, road through fields, farm road, country highway, road between fields,
  road in the country, gravel road, landscape with a road|B-road in the countryside, backroad||country|rural|y
alley|6|2|in|back alley, alleyway, narrow lane between houses, backstreet, passage between buildings, service alley,
  back street, lane behind the houses|gangway between houses, snicket||alley|walls|y
old town lane|8|1|in|cobbled lane, medieval lane, old town street, lane in the old town, historic street,
  cobblestone street|historic side lane|café table c, half-timbered house b, flower tub c, stone arch b, bicycle b||
  walls, houses|n
car park|11|2.5|in|parking lot, parking area, open car park, supermarket parking lot, car parking area,
  parking lot of a store, outdoor car park, place with parked cars|parking place, car lot|parked car b, van b,
  ticket machine b, lamp post c, shopping trolley b, tree c, parked motorcycle b||town, open|y
construction site|12|2.5|on|building site, road works, building plot, site of a new building, site with excavators,
  building works, roadworks site, excavation pit, site under construction|construction zone, works site||site|open,
  town|y
pedestrian zone|11|1.5|in|pedestrian street, shopping street, pedestrian precinct|walking street|shop front b,
  pedestrian c, park bench b, lamp post c, bicycle b, café parasol c, flower tub c|city|town|n
street market|6.5|1.2|at|market, open-air market, farmers' market, flea market, market place with stalls,
  weekly market, row of market stalls|bazaar||market|town|n
town square|24|1.2|on|market square, plaza, piazza, main square, central square, square in the city, marketplace|
  city plaza||square|town|n
roundabout|17|.8|at|traffic circle, traffic island, rotary junction, circular junction, road roundabout|gyratory|
  traffic sign c, car b, lorry b, cyclist c||town|n
bridge|20|.8|on|road bridge, bridge deck, river bridge|viaduct|bridge pillar c, railing b, car b, cyclist c,
  lamp post c||highway, open|n
village street|12|1|in|village road, road through a village, hamlet street|main road of a village|farmhouse b,
  church tower c, stone wall b, tractor b, parked car b|street|houses|n
driveway|7|1|in|front yard, garage driveway, drive of a house|forecourt of a house|parked car b, garage door b,
  mailbox b, basketball hoop b, wheelie bin b, hedge b||houses|n
back garden|5.5|2|in|garden, backyard, patio, yard, house garden, garden behind the house, terrace,
  lawn behind the house|rear lawn, allotment||garden|open, houses|y
park|11|1.5|in|city park, public garden, park lawn, green park, public park, park with trees|municipal gardens||park|
  open|n
playground|8|1.2|on|children's playground, play park, schoolyard, playing area, outdoor playground, school playground|
  kids' play area outdoors||play|open|y
petrol station|10|1|at|gas station, filling station, service station, fuel stop, petrol garage,
  charging station forecourt|fuel station||fuel|town|y
railway platform|13|1|on|train platform, station platform, open-air platform|railhead platform||platform|open|n
tram stop|10|.8|at|bus stop, tram station, bus station|streetcar stop|tram b, bus b, shelter b, passenger c,
  ticket machine b, waste bin c||town|n
harbour|28|1|at|port, harbor quay, marina, dock, harbour basin, ship pier, ferry port, seaport|wharf||harbour|open|y
industrial estate|17|1|on|industrial area, factory yard, loading yard, factory site, industrial zone, commercial area|
  business park|lorry b, shipping container b, chimney c, storage tank c, loading ramp b, forklift b||highway, town|n
runway|65|1|on|airport apron, airfield, taxiway, airport runway, airport tarmac, landing strip|aerodrome strip||
  airfield|open, highway|y
stadium|65|1.3|in|football stadium, sports stadium, athletics arena, sports arena, football arena, baseball stadium,
  athletics stadium|olympic stadium, soccer ground||stadium|grand, open|y
football pitch|38|1|on|soccer field, playing field, sports field, soccer pitch, football field, rugby field|
  football ground|goal b, corner flag c, football player c, referee c||open|n
race track|35|.7|on|racing circuit, motor-racing track, speedway, motor racing circuit, racecourse, formula one track,
  go-kart track|autodrome|racing car b, tyre stack c, grandstand b, pit wall b||highway|n
forest path|8|1.2|on|woodland path, forest trail, hiking trail, forest, woodland, path through a forest,
  footpath under trees|track through the woods||forest|rural|y
farmyard|11|.8|in|farm, farm courtyard, yard of a farm, farmstead, agricultural yard|homestead yard|tractor b,
  hay bale c, chicken s, cow b, manure heap s, barn b||rural|n
beach|14|.8|on|seaside, sandy beach, shore, ocean beach, sandy shore, seashore, coast|strand||beach|open|n
campsite|9|.8|on|camping ground, camp, campground|caravan park||camp|rural|n
canal path|14|.6|on|canal bank, towpath, riverside path|waterside walk|narrow boat b, lock gate b, willow c,
  fishing angler c||rural|n
ski slope|35|.6|on|ski run, piste, snowy hillside|skiing hill|skier c, ski lift pylon c, fir tree c, snow cannon c,
  mountain hut b||open|n
model railway street|.5|1.8|on|model railway town, model train layout, street on a model railway,
  model railway landscape, model railroad town, miniature railway landscape, toy train layout, model railroad,
  train set|toy railroad village||toystreet|toys|y
toy street|.45|1.6|on|toy town, toy road, street of toy houses, play-mat street, street on a play mat, toy city,
  toy village, street with matchbox cars|pretend street for toy cars||toystreet|toys|y
brick-toy town|.4|1|in|Lego street, city of plastic bricks, Lego town, street of plastic bricks, toy brick village,
  building-brick town|interlocking-brick city||bricktown|toys|y
model village|.9|.8|in|miniature village, scale-model town, miniature park, scale model of a village, model town|
  scaled-down village|model church b, waist-high house b, knee-high tree c, model windmill c||toys|n
war-game board|.6|.8|on|tabletop war game, battle game terrain, hobby battlefield|miniature-wargaming terrain|
  plastic soldier c, painted tank b, ruined model house b, lichen bush s||toys|y
architect's street model|.45|.8|on|architectural city model, urban planning model, balsa-wood city model,
  planner's city model, cardboard city model, scale model of a street|maquette of a city quarter|balsa block b,
  foam tree s, paper car b, acrylic tower b||toys|y
slot-car track|.6|.8|on|toy race track, slot racing set, toy car track, toy racing track, racing track for toy cars,
  electric toy racetrack|carrera-style set|slot car b, toy racing car b, plastic barrier b, hand controller b,
  plastic grandstand b||toys|y
""",
    "table": """
desk|.8|4|on|writing desk, computer desk, work desk, study desk, school desk top, desktop, student's desk, home desk,
  cluttered desk, messy desk, study table, laptop desk, table with a computer|bureau, secretary desk||desk|surface|y
office desk|.85|4|on|long office desk, cluttered office desk, office table, workstation desk, desk in an office,
  employee's desk, clerk's table, working table, office worktop|clerk's desk, desk at work|desk phone b, in-tray b|
  desk|surface, work|y
kitchen counter|.9|4|on|kitchen worktop, kitchen countertop, kitchen work surface, kitchen bench, counter in a kitchen,
  kitchen counter top, cooking counter, kitchen unit top, granite countertop|kitchen sideboard top, galley worktop||
  counter|surface, wet|y
table|.9|5|on|table top, wooden table, plain table, round table, tabletop, laminate table, low wooden table,
  square table, side table, glass table, plastic table, white table, display table, folding table, oak table,
  tabletop in a laboratory|tabletop surface, timber table||tabletop|surface|y
kitchen table|1|3|on|breakfast table, table in a kitchen, family table, table with breakfast, eating table,
  family breakfast table|table for breakfast||counter, tabletop|surface|y
dining table|1.3|2.5|on|dinner table, laid table, table set for dinner, supper table, table with plates,
  dining-room table|table laid for guests||dinner|surface, home|y
banquet table|2.6|.8|on|long banquet table, table set for thirty guests, feast table|wedding dinner table||dinner|
  grand|n
coffee table|1|2.5|on|low table, living-room table, sofa table, table in front of the sofa, glass coffee table,
  lounge table|occasional table|magazine b, remote control b, cup c, candle c, coaster c|tabletop|home, surface|n
workbench|.95|4|on|work bench, carpenter's bench, tool bench, workshop table, garage workbench, bench with tools,
  tool table, wood bench, mechanic's bench, workbench top, repair bench|joiner's bench, bench in a workshop||bench|
  tools|y
bedside table|.7|2|on|nightstand, night table, bedside cabinet top, table beside the bed, night stand, bedside shelf|
  bedside stand||nightstand|home, surface|y
lab bench|.85|2|on|laboratory bench, laboratory table, chemistry bench, bench in a laboratory, experiment table,
  chemistry table|chemist's worktop||labbench|surface, wet|y
shelf|.75|2.5|on|wall shelf, bookshelf board, shelf board, storage shelf, mantelpiece, shelf on the wall, wooden shelf,
  kitchen shelf, book shelf, rack board|ledge||shelf|surface, home|n
conference table|2|1.5|on|meeting table, boardroom table, long meeting table, boardroom desk, table in a meeting room,
  seminar table|negotiating table||conference|work|y
picnic table|1.5|1|on|garden table, outdoor table, patio table|beer-garden table|picnic basket b, paper plate c,
  lemonade jug c, cool box b, barbecue sausage c|tabletop|open|n
billiard table|1.9|.9|on|pool table, snooker table, table tennis table|ping-pong table, baize table||billiard|surface|y
bar counter|1.1|1.5|on|bar, pub counter, café counter, bar top, bar in a pub, counter of a bar|taproom counter||bar|
  surface|y
shop counter|1.1|1.2|on|sales counter, checkout counter, cash desk, counter of a shop, cashier's counter,
  reception counter|till counter||parcel|surface, aisle|n
conveyor belt|1.1|1.5|on|checkout belt, sorting belt, parcel belt, belt conveyor, baggage belt, production belt,
  conveyor|moving belt||parcel|surface|n
parcel bin|.75|2|in|storage bin, plastic tote, picking bin, warehouse tote, box for picking, tote box,
  crate for picking, container for order picking|order-picking crate|carton b, shampoo bottle c, tennis ball s,
  cracker box b, toy block b, pack of batteries b, soup can c, bag of crisps b||surface|n
windowsill|.65|1.2|on|window ledge, window sill, sill|ledge under a window|flower pot c, cactus s, watering can c,
  sleeping cat s, candle c, orchid c|shelf|surface|n
stove top|.75|1.5|on|hob, cooker top, stove, gas hob, hotplate, cooker, electric hob, gas stove|cooking range top||
  stove|wet, surface|y
kitchen sink|.65|1.2|in|sink, sink full of dishes, washing-up sink, sink in the kitchen, wash basin with dishes,
  dish sink|scullery basin|dish c, cup c, cutlery basket c|stove|wet|y
serving tray|.48|1.2|on|tray, breakfast tray, tea tray, tray with breakfast, coffee tray, waiter's tray|salver|
  teapot s, teacup c, sugar bowl s, biscuit c, milk jug c, egg cup c, jam jar c||surface|y
cutting board|.42|1.2|on|chopping board, bread board, wooden board in the kitchen, vegetable chopping board,
  kitchen board|butcher's block|bread loaf b, kitchen knife b, carrot c, tomato s, onion s, slice of bread b, lemon s,
  clove of garlic s, cube of cheese b||surface|y
plate of food|.36|1.2|on|dinner plate, lunch plate, plate, plate with a meal, breakfast plate, meal|dish of food||meal|
  surface|y
chess board|.5|1|on|chessboard, board game, draughts board, board with chess pieces, game board, backgammon board|
  checkerboard||board|surface|y
sewing table|.75|1.2|on|craft table, drawing table, hobby table, artist's table, tailor's table, painter's table,
  handicraft table, drawing board|needlework table||craft|surface|y
instrument table|.6|1|on|surgical tray, instrument tray, operating instrument table, surgeon's tray,
  tray with surgical instruments, dental tray|Mayo stand||surgery|wet, surface|y
watchmaker's bench|.24|1|on|jeweller's bench, goldsmith's bench, watch repair mat, watch repair bench,
  clockmaker's table, jeweller's table|horologist's bench||watch|fine|y
coin tray|.2|.8|on|coin album, stamp album page, tray of a collector, coin collection, stamp collection, coin case|
  numismatist's tray|silver coin c, bronze coin c, postage stamp b, magnifying glass c, medal c||fine|y
circuit board|.11|1.2|on|printed circuit board, motherboard, electronics board, electronic circuit, printed board,
  computer mainboard, circuit card|PCB||chip|fine|y
petri dish|.08|1|on|culture dish, agar plate, specimen dish, laboratory culture dish, bacteria culture, agar dish|
  bacterial culture plate||specimen|fine|y
microscope slide|.018|1|on|microscope stage, glass slide, specimen slide, slide under a microscope, microscope view,
  sample under a microscope, microscopic specimen|microscopy mount|pollen grain s, red blood cell s, insect leg c,
  salt crystal b, amoeba s, plant cell b||fine|y
doll's tea table|.2|1.3|on|dollhouse tea table, doll's table, toy tea table, tiny table for dolls, toy tea set,
  doll-sized tea table|tea table for dolls||dolltable|mini|y
toy workshop bench|.28|1.3|on|toymaker's bench, toy workbench, model maker's table, child's toy workbench,
  toy repair table, hobby bench with toys, toymaker's table|bench in a toy workshop||toybench|tools, mini|y
market stall|1.8|1.2|on|fruit stall, vegetable stand, market stand, vegetable stall, stall with fruit, farm stand|
  greengrocer's display||stall|open|y
rug|1.3|1.5|on|carpet, play rug, nursery floor, living-room floor, floor, floor of a room, carpet on the floor,
  parquet floor|playmat||floor|home|n
sandbox|1.4|.8|in|sandpit, sand box, play sand, box of sand, sand pit for children|sand play pit||sand|open|y
pallet|1.9|1.2|on|wooden pallet, euro pallet, loaded pallet, pallet of goods, pallet on the floor, transport pallet|
  shipping skid||pallet|hall|y
lorry bed|2.7|.8|on|loading bed of a lorry, truck bed, trailer platform, truck trailer, loading area of a truck,
  cargo bed|flatbed|wooden crate b, tyre c, cement mixer c, roll of cable c|pallet|town|n
garden bed|1.5|.8|in|flower bed, vegetable patch, raised bed, planting bed, garden patch, vegetable bed|herb border|
  lettuce s, tulip c, cabbage s, plant label b, watering can c, pumpkin s||open, rural|n
""",
    "tube": """
colon|.035|4|in|bowel, colon in a colonoscopy, colonic lumen, rectum, large bowel, colon in an endoscopy,
  colonoscopy view, intestine, caecum, bowel in an endoscopy, transverse colon|gut seen in a colonoscopy, sigmoid||gut|
  body|y
small intestine|.028|1|in|duodenum, small bowel, jejunum, small gut, duodenum in an endoscopy, upper intestine|ileum||
  gut|body|n
bronchus|.02|2|in|bronchial tube, airway of the lung, bronchus in a bronchoscopy, main bronchus, bronchi,
  bronchoscopy view, lung airway tree branch, lower airway, bronchial airway|lung airway||airway|body|y
trachea|.03|1|in|windpipe, trachea in a bronchoscopy, upper airway, trachea in an endoscopy, throat, larynx|
  throat airway|cartilage ring c, carina b, breathing tube c|airway|body|n
stomach|.06|2|in|stomach in a gastroscopy, gastric cavity, gastric antrum, gastroscopy view, stomach in an endoscopy,
  gastric body, belly|belly seen by gastroscope||stomach|body|y
oesophagus|.03|1.5|in|esophagus, gullet, oesophagus in a gastroscopy, oesophagus in an endoscopy,
  upper digestive tract, swallowing tube|food pipe||stomach|body|n
bladder|.04|.6|in|urinary bladder, bladder in a cystoscopy, urinary tract, bladder in an endoscopy, ureter|
  cystoscopic view of the bladder|bladder stone s, ureter opening s, catheter balloon s, tumour s||body|n
blood vessel|.008|1|in|artery, vein, aorta under an angioscope, coronary artery, carotid artery, capillary,
  vessel of the heart|arterial vessel||vessel|body|y
ear canal|.013|1|in|ear, auditory canal, outer ear canal, ear in an otoscopy, inside of an ear|ear passage||ear|body|n
nasal passage|.022|.8|in|nostril, nose, nasal cavity, inside of a nose, sinus cavity, nose in an endoscopy|sinus||ear|
  body|n
drain pipe|.3|2|in|drainpipe, waste pipe, plastic drain, household drain, sink drain, drainage pipe, bathroom drain,
  gutter pipe, drain, kitchen drain|soil pipe, waste-water pipe||pipe|pipe|y
water pipe|.25|1.2|in|mains pipe, copper pipe, supply pipe, cold-water pipe, metal pipe, iron pipe, heating pipe|
  plumbing pipe||pipe|pipe|n
sewer pipe|1.1|1.2|in|concrete sewer pipe, storm drain pipe, sewer line, underground sewer pipe, sewage pipe,
  municipal drain pipe|effluent pipe|inspection robot b, side inlet c, root s, pipe joint c, puddle s||pipe, tunnel|n
sewer|3.2|1.5|in|walk-in sewer, brick sewer, city sewer tunnel, main sewer, sewer tunnel, old sewer, sewage tunnel,
  underground canal|underground sewerage gallery||sewer|tunnel, pipe|y
culvert|2.6|.7|in|road culvert, stream culvert, drainage culvert|stream passage under a road|puddle s, boulder s,
  tree branch c, concrete ring c||tunnel, pipe|n
ventilation duct|.9|2|in|air duct, air shaft, ventilation shaft, metal duct, ventilation pipe, air channel,
  air-conditioning duct, aluminium duct|HVAC duct||duct|pipe|y
chimney flue|.8|.6|in|chimney, flue, smoke stack interior|smoke duct|soot flake s, brick ledge b, chimney brush c,
  bird's nest s||pipe|n
road tunnel|19|2.5|in|car tunnel, motorway tunnel, traffic tunnel, city tunnel, tunnel for cars, highway tunnel,
  tunnel on a motorway, mountain road tunnel, tunnel|vehicular tunnel, underpass for cars||tunnel|tunnel|y
railway tunnel|17|2|in|train tunnel, rail tunnel, mountain railway tunnel, tunnel of a railway, tunnel with tracks,
  train line tunnel|tunnel on a train line|rail b, oncoming train b, overhead line c, signal light s, safety niche b,
  sleeper b||tunnel|n
metro tunnel|14|1.2|in|underground railway tunnel, subway tunnel, tube tunnel, underground train tunnel, subway tube,
  metro tube|rapid-transit tunnel|rail b, subway train b, cable duct b, signal light s, third rail b||tunnel|n
mine gallery|6|2|in|mine tunnel, coal mine, mine drift, pit gallery, mine, underground mine, mining tunnel, gold mine,
  salt mine, mine shaft, mine passage|mine adit, colliery roadway||mine|tunnel|y
cave passage|5|1|in|cave tunnel, narrow cave, limestone passage, tunnel in a cave, rock passage, lava tube|
  spelunking passage||cave|tunnel, walls|n
pipeline|2|.8|in|large steel pipe, gas pipeline, oil pipeline, big pipeline, steel pipeline, pipe you can stand in|
  man-sized pipe||plant|pipe|n
penstock|5|.6|in|hydropower pressure pipe, giant water pipe, dam conduit|hydroelectric conduit||plant|tunnel|n
service tunnel|4|1|in|utility tunnel, cable tunnel, maintenance tunnel, supply tunnel, underground service passage,
  heating tunnel|supply gallery|cable tray b, steam pipe c, tunnel lamp b, valve wheel c||tunnel|n
accelerator tunnel|9|.6|in|particle accelerator tunnel, collider tunnel, synchrotron ring|cyclotron gallery|
  beam magnet c, cryostat c, cable tray b, vacuum pump c||tunnel|n
lift shaft|8|.8|in|elevator shaft, hoistway, lift well, elevator well, shaft of a lift|hoist shaft||shaft|tunnel|n
well|4|.7|in|well shaft, stone well, water well, old well, deep well, fountain shaft|draw well|bucket c, iron rung c,
  water surface c, mossy stone s||walls, pipe|n
water slide|2.6|.7|in|tube slide, slide tube, flume, pool slide, swimming-pool slide|aqua-park chute|child c,
  swimming ring c, water jet c, swimmer s||pipe|n
garden hose|.03|.8|in|hose, rubber hose, hosepipe, water hose, flexible hose, watering hose|sprinkler tubing||
  smalltube|pipe|n
drinking straw|.012|.8|in|plastic straw, thin straw, capillary tube, straw, straw for drinks, thin plastic tube|
  sipping straw||smalltube|fine|n
cardboard tube|.16|1|in|paper tube, kitchen-roll tube, poster tube, cardboard roll, tube of paper, mailing tube|
  toilet-paper core|cork c, rolled poster c, rubber band c, marble s||mini|n
marble-run tube|.09|.8|in|marble run, toy marble tube, plastic marble track, toy marble run, tube for marbles|
  marble chute|glass marble s, plastic bend c, steel ball s||mini|y
toy train tunnel|.28|1.2|in|model railway tunnel, tunnel of a toy train, papier-mâché tunnel,
  tunnel on a model railway, tunnel for toy trains|toy railroad tunnel||toytrack|mini, toys|y
rabbit burrow|.28|.8|in|burrow, mole tunnel, animal den, mouse hole, rabbit hole, badger den, tunnel of a mole|
  fox earth||burrow|walls|n
jet engine intake|2|.6|in|turbine intake, engine inlet, jet turbine|aero-engine nacelle|turbine blade b,
  spinner cone s, inspection lamp c|plant|pipe|n
rocket fuselage|3.6|.6|in|aircraft fuselage shell, rocket body, empty fuselage|airframe barrel|stringer c,
  frame ring c, cable bundle c, riveted panel b||hall|n
engine cylinder|.09|.8|in|cylinder bore, engine bore, motor cylinder, cylinder of an engine, engine bore wall,
  piston chamber|combustion chamber|valve c, piston c, spark plug c, oil drop s||fine, pipe|n
boiler tube|.09|.6|in|heat-exchanger tube, steam tube, boiler pipe, tube of a boiler, heat exchanger pipe|
  condenser tube|limescale lump s, rust patch s, welding seam c||pipe|n
""",
}

# Other names of objects: train names / names kept for the unseen wording.
_SYNONYMS: dict[str, str] = {
    "refrigerator": "fridge, fridge-freezer/icebox",
    "sofa": "couch, settee/loveseat",
    "television": "TV, television set, flat screen/telly",
    "wardrobe": "closet, clothes cupboard/armoire",
    "night stand": "bedside table/night table",
    "armchair": "easy chair, lounge chair/wing chair",
    "bookcase": "bookshelf, book shelf/book rack",
    "stove": "cooker, hob/kitchen range",
    "washbasin": "sink, bathroom sink/hand basin",
    "bathtub": "bath, tub/soaking tub",
    "toilet": "toilet bowl/lavatory bowl",
    "waste bin": "trash can, bin, waste basket/wastepaper bin",
    "water heater": "hot-water tank, hot-water boiler/geyser",
    "washing machine": "washer/laundry machine",
    "tumble dryer": "dryer, clothes dryer/laundry dryer",
    "storage rack": "shelving unit, storage shelf/stacking rack",
    "cardboard box": "carton, box, moving box/packing case",
    "motorcycle": "motorbike, bike/two-wheeler",
    "bicycle": "bike, push-bike/pedal bike",
    "lawnmower": "mower, lawn mower/grass cutter",
    "stepladder": "ladder, step ladder/steps",
    "computer monitor": "monitor, screen, display/VDU",
    "office chair": "desk chair, swivel chair/task chair",
    "desk": "work desk, office desk/workstation",
    "whiteboard": "dry-erase board/marker board",
    "blackboard": "chalkboard/slate board",
    "row of seats": "row of chairs/bank of seats",
    "lectern": "speaker's desk/rostrum",
    "bookshelf": "shelf of books, bookcase/library shelf",
    "hospital bed": "patient bed, clinic bed/sickbed",
    "nurse": "hospital nurse/medic",
    "drip stand": "IV stand, IV pole/infusion stand",
    "stretcher": "gurney, trolley bed/litter",
    "shopping trolley": "shopping cart, trolley/grocery cart",
    "customer": "guest, client/patron",
    "shopper": "customer, buyer/purchaser",
    "forklift": "forklift truck, fork-lift/stacker truck",
    "pallet rack": "storage rack, high rack/racking bay",
    "stack of cartons": "pile of boxes, stack of boxes/heap of cartons",
    "steel drum": "oil drum, metal barrel/oil barrel",
    "industrial robot": "robot arm, welding robot/manipulator",
    "lorry": "truck, heavy goods vehicle/juggernaut",
    "airliner": "passenger jet, passenger plane, jet/jumbo jet",
    "propeller plane": "light aircraft, small plane/turboprop",
    "pew": "church bench/church pew",
    "parked car": "car at the kerb, stationary car, car/parked vehicle",
    "car": "automobile, saloon car, hatchback/motor car, sedan",
    "pedestrian": "person, passer-by, man walking/walker, person on foot",
    "street lamp": "lamp post, street light/lamppost lantern",
    "house": "family house, detached house, home/dwelling",
    "tree": "leafy tree, tall tree/deciduous tree",
    "traffic light": "traffic signal, set of lights/stoplight",
    "apartment building": "block of flats, apartment block/tenement",
    "wheelie bin": "rubbish bin, garbage bin/trash cart",
    "hedge": "green hedge, box hedge/hedgerow",
    "tram": "streetcar, tramcar/light-rail car",
    "bus": "city bus, coach/omnibus",
    "taxi": "cab, yellow cab/minicab",
    "van": "delivery van, minivan/panel van",
    "cyclist": "bike rider, person on a bike/bicyclist",
    "articulated truck": "semi-trailer, trailer truck/eighteen-wheeler",
    "excavator": "digger, hydraulic excavator/backhoe",
    "traffic cone": "road cone, orange cone/safety cone",
    "construction worker": "builder, site worker/labourer",
    "mug": "coffee mug, cup, tea mug/drinking mug, beaker",
    "bowl": "dish, soup bowl, cereal bowl/basin",
    "cereal box": "box of cereal, cornflakes box/box of cornflakes",
    "mustard bottle": "bottle of mustard, squeezy mustard/yellow mustard squeezer",
    "cordless drill": "drill, power drill, electric drill/battery drill",
    "keyboard": "computer keyboard/PC keyboard",
    "computer mouse": "mouse, PC mouse/wireless mouse",
    "laptop": "notebook computer, laptop computer/portable computer",
    "coffee mug": "mug, cup of coffee, cup/coffee beaker",
    "desk lamp": "lamp, table lamp, reading lamp/anglepoise lamp",
    "pen": "ballpoint pen, biro/fountain pen",
    "magazine": "glossy magazine, journal/periodical",
    "water bottle": "bottle, bottle of water, plastic bottle/drinks bottle",
    "telephone": "phone, desk phone/landline",
    "cup": "mug, paper cup, coffee cup/tea cup",
    "book": "hardback book, novel, paperback/volume",
    "kettle": "electric kettle, tea kettle/water boiler",
    "saucepan": "pot, cooking pot/cooking pan",
    "frying pan": "pan, skillet/non-stick pan",
    "chopping board": "cutting board, bread board/carving board",
    "coffee machine": "coffee maker, espresso maker/filter coffee maker",
    "soup can": "can of soup, tin can, can/tin of soup",
    "banana": "ripe banana/plantain",
    "plate": "dinner plate, dish/platter",
    "glass": "drinking glass, tumbler, glass of water/water glass",
    "pitcher": "jug, water jug/ewer",
    "vase": "flower vase, vase of flowers/glass vase",
    "bleach bottle": "cleaner bottle, bottle of bleach/detergent flask",
    "cracker box": "box of crackers, crackers/biscuit carton",
    "sugar box": "box of sugar, sugar packet/carton of sugar",
    "hammer": "claw hammer, steel hammer/mallet",
    "screwdriver": "cross-head screwdriver/turnscrew",
    "wrench": "spanner, adjustable wrench/monkey wrench",
    "toolbox": "tool box, tool case/tool chest",
    "wine glass": "glass of wine, wine goblet/stemmed glass",
    "alarm clock": "clock, digital clock/bedside clock",
    "table lamp": "lamp, bedside lamp/lampshade light",
    "remote control": "TV remote, remote/zapper",
    "tissue box": "box of tissues/Kleenex box",
    "apple": "red apple, green apple/cooking apple",
    "polyp": "small growth, sessile polyp, pedunculated polyp/intestinal polyp",
    "mucosal fold": "fold, fold of mucosa/tissue fold",
    "ulcer": "bleeding ulcer, sore/mucosal lesion",
    "toy car": "toy automobile, little toy car/die-cast car",
    "matchbox car": "die-cast toy car/toy sports car",
    "plastic tree": "model tree, toy tree/plastic fir",
    "model house": "toy house, kit-built house/scale-model house",
    "doll": "china doll, rag doll/tiny doll figure",
    "thimble-sized chair": "doll's chair, matchstick chair, thumb-high chair/doll-sized seat",
    "doll's bed": "dollhouse bed, cradle for a doll/doll-sized bed",
    "goldfish": "fish, small fish/ornamental fish",
    "rat": "sewer rat/rodent",
    "room door": "hotel room door, numbered door/bedroom door",
    "locker": "metal locker, school locker/student locker",
    "door": "closed door, office door, white door/doorway",
    "fire extinguisher": "red extinguisher/extinguisher",
    "passenger": "traveller, commuter/rider",
    "park bench": "bench, wooden bench/public bench",
    "mine cart": "ore wagon, mining cart/tub wagon",
    "miner": "mine worker/collier",
    "suitcase": "travel case, trolley case/valise",
    "child": "kid, small child/youngster",
    "plastic chair": "school chair, chair/pupil's seat",
    "dining chair": "chair, wooden chair/dining seat",
    "wooden chair": "chair, café chair/bentwood chair",
    "potted plant": "house plant, plant, pot plant/indoor plant",
    "school desk": "pupil's desk, student desk/pupil's table",
    "student": "young person, learner/undergraduate",
    "teddy bear": "stuffed bear, soft toy/plush bear",
    "rubbish container": "dumpster, skip/refuse container",
    "petrol pump": "gas pump, fuel pump/fuel dispenser",
    "floor lamp": "standing lamp, standard lamp/uplighter",
    "cushion": "sofa cushion, pillow/throw pillow",
    "curtain": "drape, window curtain/net curtain",
    "chest of drawers": "dresser, drawer unit/commode",
    "bed": "double bed, single bed, unmade bed/divan",
    "pillow": "white pillow, head pillow/bed pillow",
    "metal shelf": "shelf, storage shelf, steel shelf/steel rack",
    "workbench": "work table, bench/joinery bench",
    "crash barrier": "guard rail, guardrail/Armco barrier",
}

# Objects whose colour is not free; "-" means the colour is never mentioned.
_COLOURS: dict[str, str] = {
    "green, brown": "tree, oak tree, street tree, apple tree, pine tree, bush, fern, birch, hedge, plastic tree,"
    " potted plant, tomato plant, palm,"
    " palm tree, willow, fir tree, aquarium plant, cactus, lettuce, cabbage, root, dry leaf, leaf, sponge bush,"
    " lichen bush",
    "yellow, green": "banana, lemon, pear, melon", "red, green, yellow": "apple", "orange": "orange, carrot, pumpkin,"
    " goldfish, traffic cone",
    "red": "tomato, cherry tomato, strawberry, fire extinguisher, fire engine, red blood cell, blood clot,"
    " box of strawberries",
    "pink, red": "polyp, mucosal fold, haustral fold, gastric fold, ulcer, adenoma, diverticulum, tumour, nodule,"
    " pylorus, bronchial branch, carina,"
    " mucus plug, cartilage ring, vessel branch, appendix opening, gastric varix, nasal polyp, turbinate,"
    " nasal septum, ureter opening",
    "yellow": "mustard bottle, butter dish, taxi, pat of butter", "white, brown": "toilet, washbasin, egg, egg box,"
    " potato, onion, sugar box, fried egg",
    "grey, brown, black": "rat, boulder, stalagmite, stalactite, rock pillar, stone column, concrete pillar,"
    " concrete column, pebble, mossy stone,"
    " pile of sand, sand dune, rail, laboratory mouse, brick wall, stone wall, stone arch, hill, puddle, heap of soil,"
    " pile of ore, tree stump, fallen trunk",
    "-": "window, mirror, glass, wine glass, stained-glass window, drop of water, bubble, water surface, crack,"
    " field of wheat, zebra crossing, lane marking,"
    " row of red seats, cave lake, pond, aisle step, driveway, front garden, exit lane, white queen, black knight,"
    " swimming lane,"
    " crowd of visitors, crowd of spectators, welding seam, running track",
}  # fmt: skip

_SHAPES: dict[str, Shape] = {"b": "box", "s": "sphere", "c": "cylinder"}


def _split(text: str, separator: str = ",") -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(separator)) if part)


def _parse_objects(text: str, shapes: dict[str, Shape]) -> tuple[str, ...]:
    """Names listed in ``text``; records each one's shape, and refuses two different shapes for one noun."""
    names = []
    for entry in _split(text):
        name, _, code = entry.rpartition(" ")
        if shapes.setdefault(name, _SHAPES[code]) != _SHAPES[code]:
            raise ValueError(f"two shapes for {name!r}")
        names.append(name)
    return tuple(names)


def _parse_kinds(shapes: dict[str, Shape]) -> dict[str, ObjectKind]:
    palette = {noun: colours for colours, nouns in _COLOURS.items() for noun in _split(nouns)}
    kinds = {}
    for name, shape in shapes.items():
        train, _, unseen = _SYNONYMS.get(name, "/").partition("/")
        kinds[name] = ObjectKind(name, shape, _split(palette.get(name, "")), _split(train), _split(unseen))
    return kinds


def _parse_places(shapes: dict[str, Shape]) -> dict[str, Place]:
    pools = {key: _parse_objects(text, shapes) for key, text in _POOLS.items()}
    features = {key: _split(text, ";") for key, text in _FEATURES.items()}
    domains: tuple[Domain, ...] = ("room", "corridor", "street", "table", "tube")
    places: dict[str, Place] = {}
    for domain in domains:
        for line in _PLACES[domain].strip().replace("\n  ", " ").splitlines():
            name, metres, weight, preposition, train, unseen, own, pool_keys, feature_keys, telling = line.split("|")
            own_objects = _parse_objects(own, shapes)
            shared = [noun for key in _split(pool_keys) for noun in pools[key]]
            if name in places:
                raise ValueError(f"place {name!r} is listed twice")
            places[name] = Place(
                name=name,
                domain=domain,
                distance_m=float(metres),
                weight=float(weight),
                preposition=preposition,
                train_names=(name, *_split(train)),
                unseen_names=_split(unseen),
                objects=tuple(dict.fromkeys((*own_objects, *shared))),
                own=len(own_objects),
                features=tuple(feature for key in _split(feature_keys) for feature in features[key]),
                telling=telling == "y",
            )
    return places


_shapes: dict[str, Shape] = {}
PLACES: dict[str, Place] = _parse_places(_shapes)
KINDS: dict[str, ObjectKind] = _parse_kinds(_shapes)
